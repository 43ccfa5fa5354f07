/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/letters.h"

/* Three by five points a letter: a row from the top for each digit, its bits from left to right. */
static const struct {
    char        letter;
    const char *rows;
} letters[] = {
    {'a', "25755"}, {'b', "65656"}, {'c', "34443"}, {'d', "65556"}, {'e', "74647"}, {'f', "74644"}, {'g', "34553"},
    {'h', "55755"}, {'i', "72227"}, {'j', "11152"}, {'k', "55655"}, {'l', "44447"}, {'m', "57755"}, {'n', "65555"},
    {'o', "25552"}, {'p', "65644"}, {'q', "25563"}, {'r', "65655"}, {'s', "34216"}, {'t', "72222"}, {'u', "55557"},
    {'v', "55552"}, {'w', "55775"}, {'x', "55255"}, {'y', "55222"}, {'z', "71247"}, {'0', "75557"}, {'1', "26227"},
    {'2', "71747"}, {'3', "71717"}, {'4', "55711"}, {'5', "74717"}, {'6', "74757"}, {'7', "71122"}, {'8', "75757"},
    {'9', "75717"}, {'_', "00007"}, {'.', "00002"}, {'-', "00700"}, {'%', "51245"}, {'/', "11244"}, {':', "02020"},
    {'+', "02720"}, {'#', "57575"}, {',', "00024"},
};

bool as_letters_bit(char letter, uint32_t column, uint32_t row)
{
    char c = letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
    for (size_t i = 0; column < 3 && row < 5 && i < AS_COUNT(letters); i++)
        if (letters[i].letter == c)
            return ((letters[i].rows[row] - '0') >> (2 - column)) & 1;
    return false;
}

static void letters_put(as_image *image, uint32_t x, uint32_t y, uint32_t rgb)
{
    if (x >= image->width || y >= image->height)
        return;
    uint8_t *out = image->data + y * image->stride_bytes + 3 * (size_t)x;
    out[0] = (uint8_t)(rgb >> 16);
    out[1] = (uint8_t)(rgb >> 8);
    out[2] = (uint8_t)rgb;
}

static void letters_one(as_image *image, uint32_t x, uint32_t y, uint32_t rgb, const char *rows)
{
    for (uint32_t i = 0; i < 2 * 5; i++)
        for (uint32_t k = 0; k < 2 * 3; k++)
            if (((rows[i / 2] - '0') >> (2 - k / 2)) & 1)
                letters_put(image, x + k, y + i, rgb);
}

void as_letters_draw(as_image *image, uint32_t x, uint32_t y, uint32_t rgb, const char *text)
{
    for (; *text; text++, x += AS_LETTERS_WIDTH) {
        char c = *text >= 'A' && *text <= 'Z' ? (char)(*text - 'A' + 'a') : *text;
        for (size_t i = 0; i < AS_COUNT(letters); i++)
            if (letters[i].letter == c)
                letters_one(image, x, y, rgb, letters[i].rows);
    }
}
