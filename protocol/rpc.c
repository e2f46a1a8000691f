/* rpc.c - names that requests and responses share; see rpc.h. */
#include "protocol/rpc.h"

static const char *const method_names[SKP_METHOD_COUNT] = {
#define METHOD_NAME(name, text) [SKP_METHOD_##name] = (text),
    SKP_METHOD_MAP(METHOD_NAME)
#undef METHOD_NAME
};

static const char *const state_names[SKP_TENANT_STATE_COUNT] = {
#define STATE_NAME(name, text) [SKP_TENANT_STATE_##name] = (text),
    SKP_TENANT_STATE_MAP(STATE_NAME)
#undef STATE_NAME
};

static const char *const origin_names[SKP_ORIGIN_COUNT] = {
#define ORIGIN_NAME(name, text) [SKP_ORIGIN_##name] = (text),
    SKP_ORIGIN_MAP(ORIGIN_NAME)
#undef ORIGIN_NAME
};

/* The index of @name, or @count. */
static unsigned
find_name(const char *const *names, unsigned count, struct skp_view name)
{
    unsigned i = 0;

    while (i < count && !skp_view_equal(skp_view_of(names[i]), name)) {
        i++;
    }
    return i;
}

const char *skp_method_name(enum skp_method method)
{
    skp_assert(method < SKP_METHOD_COUNT);
    return method_names[method];
}

enum skp_method skp_method_from_name(struct skp_view name)
{
    return (enum skp_method)find_name(method_names, SKP_METHOD_COUNT, name);
}

const char *skp_tenant_state_name(enum skp_tenant_state state)
{
    skp_assert(state < SKP_TENANT_STATE_COUNT);
    return state_names[state];
}

enum skp_tenant_state skp_tenant_state_from_name(struct skp_view name)
{
    return (enum skp_tenant_state)find_name(state_names, SKP_TENANT_STATE_COUNT,
                                            name);
}

const char *skp_gone_name(enum skp_gone gone)
{
    static const char *const names[SKP_GONE_COUNT] = {
#define GONE_NAME(name, text) text,
        SKP_GONE_MAP(GONE_NAME)
#undef GONE_NAME
    };

    skp_assert(gone < SKP_GONE_COUNT);
    return names[gone];
}

const char *skp_origin_name(enum skp_origin origin)
{
    skp_assert(origin < SKP_ORIGIN_COUNT);
    return origin_names[origin];
}

enum skp_origin skp_origin_from_name(struct skp_view name)
{
    return (enum skp_origin)find_name(origin_names, SKP_ORIGIN_COUNT, name);
}
