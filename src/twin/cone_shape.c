/* SPDX-License-Identifier: Apache-2.0 */
#include "twin/cone_shape.h"

float as_cone_scoop_distance(const as_cone *cone, float x, float y)
{
    return as_cone_scoop_distance_inline(cone, x, y);
}
