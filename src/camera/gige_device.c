/* SPDX-License-Identifier: Apache-2.0 */
#include "camera/gige_device.h"

#include <pthread.h>

#include "base/clock.h"
#include "camera/gige_features.h"
#include "camera/gige_parse.h"

#define DEVICE_ANSWERS_NS (1 * AS_NS_PER_S)
#define DEVICE_TELLS_NS   (300 * AS_NS_PER_MS)

/* Around opening one where the reading of descriptions cannot be guarded alone (gige_parse.h), and around looking for any. */
static pthread_mutex_t device_parser = PTHREAD_MUTEX_INITIALIZER;

static GInetAddress *device_inet(uint32_t address)
{
    uint8_t bytes[4];
    as_gv_put32(bytes, address);
    return g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV4);
}

/* Aravis' arv_open_device() would look for it on all networks and ports first, for seconds. */
static ArvDevice *device_connect(uint32_t address, GError **error)
{
    const uint32_t route = as_gige_route(address);
    if (route == 0) {
        g_set_error(error, ARV_DEVICE_ERROR, ARV_DEVICE_ERROR_NOT_CONNECTED,
                    "no network of this machine leads to it (is the network's card up, with an address?)");
        return NULL;
    }
    GInetAddress *own = device_inet(route), *its = device_inet(address);
    ArvDevice    *device = arv_gv_device_new(own, its, error);
    g_object_unref(own);
    g_object_unref(its);
    return device;
}

static ArvDevice *device_none(const char *name, GError *error, as_err *err)
{
    if (name[0])
        AS_FAIL(err, AS_EMISSING,
                "no camera '%s' answers%s%s (is it powered and in the same network? assay camera list shows those "
                "that answer)",
                name, error ? ": " : "", error ? error->message : "");
    else
        AS_FAIL(err, AS_EMISSING,
                "no camera answers on any network or USB port of this machine (is one attached and powered, and in the "
                "same network?)");
    g_clear_error(&error);
    return NULL;
}

/* The standard lets anybody read who is not in control, unless who is has it for himself alone. */
static bool device_may_look(const as_camera_cfg *cfg, const as_gige_owner *owner)
{
    return cfg->look && !(owner->privilege & AS_GV_CONTROL_EXCLUSIVE);
}

/* Aravis opens a camera that another program controls, and what is then written is refused piece by piece. */
static bool device_check_owner(uint32_t address, const char *name, const as_camera_cfg *cfg, as_err *err)
{
    as_gige_owner owner;
    return !as_gige_owner_of(address, as_clock_mono() + DEVICE_TELLS_NS, &owner) || owner.privilege == 0 ||
           device_may_look(cfg, &owner) || as_gige_owner_deny(&owner, name, err);
}

/* Asked once more under the lock, if there is one: it may be gone since, and then all others would wait for it. */
static ArvDevice *device_open_found(const as_gige_place *found, const char *name, const as_camera_cfg *cfg, as_err *err)
{
    ArvDevice    *device = NULL;
    GError       *error = NULL;
    as_gige_place still = {.address = found->address};
    const bool    guarded = as_gige_parse_is_guarded();
    if (!guarded)
        pthread_mutex_lock(&device_parser);
    bool there = as_gige_seek(&still, as_clock_mono() + DEVICE_TELLS_NS, cfg->quit, &still, err);
    if (there)
        device = device_connect(still.address, &error);
    if (!guarded)
        pthread_mutex_unlock(&device_parser);
    return device || !there ? device : device_none(name, error, err);
}

static ArvDevice *device_open_at(const as_gige_place *place, const char *name, const as_camera_cfg *cfg, as_err *err)
{
    as_gige_place found;
    as_err        why = AS_ERR_NONE;
    if (as_gige_seek(place, as_clock_mono() + DEVICE_ANSWERS_NS, cfg->quit, &found, &why))
        return device_check_owner(found.address, name, cfg, err) ? device_open_found(&found, name, cfg, err) : NULL;
    if (why.code == AS_EMISSING)
        return device_none(name, NULL, err);
    as_err_set(err, why.code, "%s", why.text);
    return NULL;
}

/* The ID of the camera with that serial number, which is on its label; NULL: none, or several have it. */
static const char *device_of_serial(const char *name)
{
    const char *found = NULL;
    arv_update_device_list();
    for (unsigned i = 0; name[0] && i < arv_get_n_devices(); i++) {
        const char *serial = arv_get_device_serial_nbr(i);
        if (!serial || strcmp(serial, name) != 0)
            continue;
        if (found)
            return NULL;
        found = arv_get_device_id(i);
    }
    return found;
}

static ArvDevice *device_open_any(const char *name, as_err *err)
{
    GError *error = NULL;
    bool    fake = strcmp(name, "fake") == 0;
    if (fake)
        arv_enable_interface("Fake");
    pthread_mutex_lock(&device_parser);
    ArvDevice  *device = arv_open_device(fake ? "Fake_1" : name[0] ? name : NULL, &error);
    const char *id = !device && !fake ? device_of_serial(name) : NULL;
    if (id) {
        g_clear_error(&error);
        device = arv_open_device(id, &error);
    }
    pthread_mutex_unlock(&device_parser);
    return device ? device : device_none(name, error, err);
}

static uint32_t device_address(ArvDevice *device)
{
    if (!ARV_IS_GV_DEVICE(device))
        return 0;
    GSocketAddress *at = arv_gv_device_get_device_address(ARV_GV_DEVICE(device));
    uint32_t        address = 0;
    if (G_IS_INET_SOCKET_ADDRESS(at))
        address = as_gv_get32(g_inet_address_to_bytes(g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(at))));
    return address;
}

bool as_gige_device_is_held(ArvDevice *device, as_gige_owner *ret)
{
    if (!ARV_IS_GV_DEVICE(device) || arv_gv_device_is_controller(ARV_GV_DEVICE(device)))
        return false;
    *ret = (as_gige_owner){0};
    (void)!as_gige_owner_of(device_address(device), as_clock_mono() + DEVICE_TELLS_NS, ret);
    return true;
}

/* In control, or to look alone; and what it says of itself can be true. */
static bool device_check(ArvDevice *device, const char *name, const as_camera_cfg *cfg, as_err *err)
{
    as_gige_owner owner;
    if (as_gige_device_is_held(device, &owner) && !device_may_look(cfg, &owner))
        return as_gige_owner_deny(&owner, name[0] ? name : "of this network", err);
    return as_gige_check(device, err);
}

ArvDevice *as_gige_device_open(const char *name, const as_camera_cfg *cfg, as_err *err)
{
    as_gige_place place;
    bool          known = (cfg->where && as_gige_place_parse(cfg->where, &place)) || as_gige_place_parse(name, &place);
    ArvDevice    *device = known ? device_open_at(&place, name, cfg, err) : device_open_any(name, err);
    if (device && !device_check(device, name, cfg, err))
        g_clear_object(&device);
    return device;
}

bool as_gige_device_find(const as_camera_cfg *cfg, as_ns deadline, as_err *err)
{
    as_gige_place place, found;
    return !cfg->where || !as_gige_place_parse(cfg->where, &place) ||
           as_gige_seek(&place, deadline, cfg->quit, &found, err);
}

void as_gige_device_watch(ArvDevice *device, const char *name, as_gige_watch *watch,
                          char ret_where[AS_GIGE_PLACE_BYTES])
{
    as_gige_place place = {.address = device_address(device)}, found;
    as_gige_owner own = {0};
    as_err        ignored = AS_ERR_NONE;
    ret_where[0] = '\0';
    if (place.address == 0)
        return;
    as_gige_place named;
    bool          by_address = as_gige_place_parse(name, &named);
    if (!by_address && as_gige_seek(&place, as_clock_mono() + DEVICE_TELLS_NS, NULL, &found, &ignored))
        place = found;
    as_gige_place_text(&place, ret_where);
    if (as_gige_owner_of(place.address, as_clock_mono() + DEVICE_TELLS_NS, &own))
        as_gige_watch_start(watch, place.address, &own);
}
