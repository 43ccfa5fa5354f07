/* SPDX-License-Identifier: Apache-2.0 */
/* The colours of a set-up's drawing, and what it is drawn with. */
#include <math.h>
#include <stdio.h>

#include "page/html.h"
#include "page/setup_priv.h"

/* --- colours --- */

typedef struct setup_palette {
    const char *ink, *soft, *rule, *faint, *card, *accent, *second, *bad, *warn;
} setup_palette;

static const setup_palette setup_of_page = {"var(--ink)",         "var(--soft)",     "var(--rule)",
                                            "var(--faint)",       "var(--card)",     "rgb(var(--accent))",
                                            "rgb(var(--second))", "rgb(var(--bad))", "rgb(var(--warn))"};
static const setup_palette setup_light = {"#1b2430", "#667080", "#e3e7ec", "#eef1f4", "#ffffff",
                                          "#255da5", "#845eaa", "#be3e26", "#c98a12"};
static const setup_palette setup_dark = {"#e5e9ef", "#98a3b3", "#2a323c", "#1f262f", "#171c23",
                                         "#6ea8f6", "#ba96e2", "#f2785c", "#e0ac48"};

static void setup_rules(as_str *out, const setup_palette *p)
{
    as_str_addf(out, ".su-t{font-size:12.5px;fill:%s}.su-s{font-size:11.5px;fill:%s}.su-h{font-size:13px;fill:%s;",
                p->ink, p->soft, p->soft);
    as_str_addf(out, "letter-spacing:.02em}.su-card{fill:%s;stroke:%s}.su-dim{stroke:%s;fill:none}", p->card, p->rule,
                p->soft);
    as_str_addf(out,
                ".su-tip{fill:%s}.su-cone{fill:%s;fill-opacity:.1}.su-edge{stroke:%s;stroke-opacity:.55;fill:none}",
                p->soft, p->accent, p->accent);
    as_str_addf(out, ".su-sharp{fill:%s;fill-opacity:.16}.su-sharp-t{font-size:11.5px;fill:%s}.su-body{fill:%s}",
                p->accent, p->accent, p->ink);
    as_str_addf(out, ".su-lens{fill:%s}.su-glass{fill:%s;fill-opacity:.75}.su-belt{fill:%s;stroke:%s}", p->soft,
                p->accent, p->faint, p->soft);
    as_str_addf(out, ".su-roll{fill:%s;stroke:%s}.su-part{fill:%s;fill-opacity:.55;stroke:%s}", p->card, p->soft,
                p->second, p->second);
    as_str_addf(out, ".su-pale{fill:%s;fill-opacity:.16;stroke:%s;stroke-opacity:.4}.su-lamp{fill:%s}", p->second,
                p->second, p->warn);
    as_str_addf(out, ".su-ray{stroke:%s;stroke-opacity:.5;stroke-dasharray:3 4;fill:none}.su-bad{fill:%s}", p->warn,
                p->bad);
    as_str_addf(out, ".su-ring{stroke:%s;fill:none}.su-grid{stroke:%s;fill:none}.su-need{stroke:%s;fill:none;", p->bad,
                p->rule, p->ink);
    as_str_addf(out, "stroke-dasharray:5 4}.su-seen{stroke:%s;fill:%s;fill-opacity:.06}.su-cover{fill:%s}", p->accent,
                p->accent, p->bad);
    as_str_addf(out, ".su-airy{stroke:%s;fill:%s;fill-opacity:.18}.su-halo{paint-order:stroke;stroke:%s;", p->accent,
                p->accent, p->card);
    as_str_add(out, "stroke-width:4px;stroke-linejoin:round}\n");
}

void as_setup_style(as_str *out, bool alone)
{
    as_str_add(out, "<style>\n");
    setup_rules(out, alone ? &setup_light : &setup_of_page);
    if (alone) {
        as_str_add(out, "text{font-family:Inter,\"Segoe UI\",system-ui,\"Helvetica Neue\",Arial,\"Liberation "
                        "Sans\",sans-serif}\n@media (prefers-color-scheme:dark){\n");
        setup_rules(out, &setup_dark);
        as_str_add(out, "}\n");
    }
    as_str_add(out, "</style>\n");
}

/* --- marks --- */

void as_setup_rect(as_str *out, const char *css, double x, double y, double w, double h, double round)
{
    as_html_addf(out, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"%.1f\"/>\n", css, x,
                 y, fmax(w, 0.5), fmax(h, 0.5), round);
}

void as_setup_line(as_str *out, const char *css, double x0, double y0, double x1, double y1)
{
    as_html_addf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", css, x0, y0, x1, y1);
}

void as_setup_circle(as_str *out, const char *css, double x, double y, double r)
{
    as_html_addf(out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\"/>\n", css, x, y, fmax(r, 0.4));
}

void as_setup_text(as_str *out, const char *css, const char *anchor, double x, double y, const char *text)
{
    as_html_addf(out, "<text class=\"%s\" text-anchor=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", css, anchor, x, y,
                 text ? text : "");
}

/* An arrow's head at (x, y), pointing along (dx, dy), which is one long. */
void as_setup_tip(as_str *out, double x, double y, double dx, double dy)
{
    as_html_addf(out, "<path class=\"su-tip\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", x, y, x - 8 * dx - 3 * dy,
                 y - 8 * dy + 3 * dx, x - 8 * dx + 3 * dy, y - 8 * dy - 3 * dx);
}

void as_setup_span(as_str *out, double x0, double y0, double x1, double y1)
{
    double length = hypot(x1 - x0, y1 - y0), dx = length > 0 ? (x1 - x0) / length : 1,
           dy = length > 0 ? (y1 - y0) / length : 0;
    as_setup_line(out, "su-dim", x0, y0, x1, y1);
    if (length < 22)
        return;
    as_setup_tip(out, x1, y1, dx, dy);
    as_setup_tip(out, x0, y0, -dx, -dy);
}
