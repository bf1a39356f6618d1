/* Parses the JSON of frequent events: which fields are read, what the column `detail` says, and
which effect a type has on the live tables.

Knows nothing of Python. Fields and details are those of the classes in `event_head.py`. Whatever is
unusual is refused, and decoded by those: an infrequent type, an escape in a field that is read, a
duplicate of one, a number of more than 18 digits, more than 32 levels, invalid JSON. Texts may be
invalid UTF-8, which the caller checks. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if defined(__SSE2__) && defined(__GNUC__)
#include <emmintrin.h>
#endif

typedef ptrdiff_t Size;

enum { /* the fields that are read */
    F_TYPE, F_TIMESTAMP, F_APPLICATION, F_ASTERISK_ID,
    F_CHANNEL, F_CHANNEL_ID, F_CHANNEL_NAME, F_CHANNEL_STATE,
    F_PLAYBACK, F_PLAYBACK_ID, F_MEDIA_URI, F_PLAYBACK_STATE, F_TARGET_URI,
    F_BRIDGE, F_BRIDGE_ID,
    F_PRESENTATION, F_DIALPLAN_APP, F_DIALPLAN_DATA, F_VARIABLE, F_VALUE, F_DIGIT, F_DURATION_MS,
    F_DURATION, F_CAUSE, F_CAUSE_TXT, F_SOFT, F_ARGS,
    FIELDS
};

typedef struct {
    const uint8_t *at; /* NULL: the field is absent */
    Size size;
} Text;

/* Parsing. Each function returns where the value ends, or NULL for anything unusual. A bytes object
   ends in a zero byte, at which every loop stops; `end` is where that is. */

enum { MAXIMUM_LEVELS = 32, MAXIMUM_DIGITS = 18 };

static uint8_t ends_run[256]; /* bytes that end a run of plain ones in a string */

static void
prepare_parsing(void)
{
    for (int byte = 0; byte < 256; byte++)
        ends_run[byte] = byte < ' ' || byte == '"' || byte == '\\';
}

/* Returns where a run of plain bytes in a string ends. Strings are most of an event, and short: the
   end of each costs a loop over bytes a mispredicted branch. */
static inline const uint8_t *
skip_plain(const uint8_t *p, const uint8_t *end)
{
#if defined(__SSE2__) && defined(__GNUC__)
    for (; end - p >= 16; p += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)p);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(' ' - 1)), bytes);
        __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
        __m128i escape = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
        int found = _mm_movemask_epi8(_mm_or_si128(control, _mm_or_si128(quote, escape)));
        if (found != 0)
            return p + __builtin_ctz((unsigned)found);
    }
#else
    (void)end;
#endif
    while (!ends_run[*p])
        p++;
    return p;
}

static inline const uint8_t *
skip_space(const uint8_t *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

static const uint8_t *
plain_string(const uint8_t *p, const uint8_t *end, Text *text)
{
    if (*p++ != '"')
        return NULL;
    text->at = p;
    p = skip_plain(p, end);
    text->size = p - text->at;
    return *p == '"' ? p + 1 : NULL;
}

static const uint8_t *
skip_string(const uint8_t *p, const uint8_t *end)
{
    for (p++;; p += 2) {
        p = skip_plain(p, end);
        if (*p == '"')
            return p + 1;
        if (*p != '\\' || p[1] == 0 || strchr("\"\\/bfnrt", p[1]) == NULL)
            return NULL;
    }
}

static const uint8_t *
skip_digits(const uint8_t *p)
{
    while (*p >= '0' && *p <= '9')
        p++;
    return p;
}

static const uint8_t *
skip_number(const uint8_t *p)
{
    const uint8_t *start = p += *p == '-';
    p = skip_digits(p);
    if (p == start || (*start == '0' && p > start + 1))
        return NULL;
    if (*p == '.') {
        const uint8_t *fraction = p + 1;
        p = skip_digits(fraction);
        if (p == fraction)
            return NULL;
    }
    return p - start > MAXIMUM_DIGITS || *p == 'e' || *p == 'E' ? NULL : p;
}

static const uint8_t *
skip_literal(const uint8_t *p)
{
    if (strncmp((const char *)p, "true", 4) == 0 || strncmp((const char *)p, "null", 4) == 0)
        return p + 4;
    return strncmp((const char *)p, "false", 5) == 0 ? p + 5 : NULL;
}

static const uint8_t *
skip_value(const uint8_t *p, const uint8_t *end, int level)
{
    if (*p == '"')
        return skip_string(p, end);
    if (*p != '{' && *p != '[')
        return *p == '-' || (*p >= '0' && *p <= '9') ? skip_number(p) : skip_literal(p);
    if (level == MAXIMUM_LEVELS)
        return NULL;
    int is_object = *p == '{';
    uint8_t close = is_object ? '}' : ']';
    p = skip_space(p + 1);
    if (*p == close)
        return p + 1;
    for (;; p = skip_space(p + 1)) {
        if (is_object) {
            if (*p != '"' || (p = skip_string(p, end)) == NULL || *(p = skip_space(p)) != ':')
                return NULL;
            p = skip_space(p + 1);
        }
        if ((p = skip_value(p, end, level + 1)) == NULL)
            return NULL;
        p = skip_space(p);
        if (*p == close)
            return p + 1;
        if (*p != ',')
            return NULL;
    }
}

typedef enum { TEXT, INTEGER, FLAG, TEXTS, OBJECT, REFUSED } Kind;

typedef struct Field {
    const char *name;
    uint8_t size;
    uint8_t kind;
    uint8_t place; /* in the values read */
    const struct Field *fields; /* of an OBJECT */
} Field;

#define FIELD(name, kind, place, fields) {name, sizeof(name) - 1, kind, place, fields}
#define END {NULL, 0, 0, 0, NULL}

static const Field channel_fields[] = {
    FIELD("id", TEXT, F_CHANNEL_ID, NULL),
    FIELD("name", TEXT, F_CHANNEL_NAME, NULL),
    FIELD("state", TEXT, F_CHANNEL_STATE, NULL),
    END,
};
static const Field playback_fields[] = {
    FIELD("id", TEXT, F_PLAYBACK_ID, NULL),
    FIELD("media_uri", TEXT, F_MEDIA_URI, NULL),
    FIELD("state", TEXT, F_PLAYBACK_STATE, NULL),
    FIELD("target_uri", TEXT, F_TARGET_URI, NULL),
    END,
};
static const Field bridge_fields[] = {FIELD("id", TEXT, F_BRIDGE_ID, NULL), END};
static const Field event_fields[] = {
    FIELD("type", TEXT, F_TYPE, NULL),
    FIELD("timestamp", TEXT, F_TIMESTAMP, NULL),
    FIELD("channel", OBJECT, F_CHANNEL, channel_fields),
    FIELD("asterisk_id", TEXT, F_ASTERISK_ID, NULL),
    FIELD("application", TEXT, F_APPLICATION, NULL),
    FIELD("playback", OBJECT, F_PLAYBACK, playback_fields),
    FIELD("bridge", OBJECT, F_BRIDGE, bridge_fields),
    FIELD("caller_presentation_txt", TEXT, F_PRESENTATION, NULL),
    FIELD("dialplan_app", TEXT, F_DIALPLAN_APP, NULL),
    FIELD("dialplan_app_data", TEXT, F_DIALPLAN_DATA, NULL),
    FIELD("variable", TEXT, F_VARIABLE, NULL),
    FIELD("value", TEXT, F_VALUE, NULL),
    FIELD("digit", TEXT, F_DIGIT, NULL),
    FIELD("duration_ms", INTEGER, F_DURATION_MS, NULL),
    FIELD("duration", INTEGER, F_DURATION, NULL),
    FIELD("cause", INTEGER, F_CAUSE, NULL),
    FIELD("cause_txt", TEXT, F_CAUSE_TXT, NULL),
    FIELD("soft", FLAG, F_SOFT, NULL),
    FIELD("args", TEXTS, F_ARGS, NULL),
    FIELD("recording", REFUSED, 0, NULL),
    FIELD("peer", REFUSED, 0, NULL),
    FIELD("replace_channel", REFUSED, 0, NULL),
    FIELD("transferee", REFUSED, 0, NULL),
    FIELD("transferer_first_leg", REFUSED, 0, NULL),
    END,
};

static const uint8_t *
read_texts(const uint8_t *p, const uint8_t *end)
{
    Text text;
    if (*p != '[')
        return NULL;
    p = skip_space(p + 1);
    if (*p == ']')
        return p + 1;
    for (;; p = skip_space(p + 1)) {
        if ((p = plain_string(p, end, &text)) == NULL)
            return NULL;
        p = skip_space(p);
        if (*p == ']')
            return p + 1;
        if (*p != ',')
            return NULL;
    }
}

static const uint8_t *
read_object(const uint8_t *p, const uint8_t *end, const Field *fields, Text *values, int level)
{
    if (*p != '{')
        return NULL;
    p = skip_space(p + 1);
    if (*p == '}')
        return p + 1;
    for (;; p = skip_space(p + 1)) {
        Text key;
        if ((p = plain_string(p, end, &key)) == NULL || *(p = skip_space(p)) != ':')
            return NULL;
        p = skip_space(p + 1);
        const Field *field = fields;
        while (field->name != NULL &&
               (field->size != key.size || *field->name != (char)*key.at ||
                memcmp(field->name, key.at, field->size) != 0))
            field++;
        if (field->name == NULL) {
            p = skip_value(p, end, level);
        }
        else {
            const uint8_t *start = p;
            Text *value = &values[field->place];
            if (field->kind == REFUSED || value->at != NULL) /* a duplicate */
                return NULL;
            switch (field->kind) {
            case TEXT:
                p = plain_string(p, end, value);
                break;
            case OBJECT:
                value->at = p;
                p = read_object(p, end, field->fields, values, level + 1);
                break;
            default:
                if (field->kind == TEXTS)
                    p = read_texts(p, end);
                else if (field->kind == FLAG)
                    p = *p == 'n' ? NULL : skip_literal(p);
                else
                    p = skip_digits(p) == p ? NULL : skip_number(p);
                if (p == NULL || (field->kind == INTEGER && memchr(start, '.', p - start)))
                    return NULL;
                *value = (Text){start, p - start};
            }
        }
        if (p == NULL)
            return NULL;
        p = skip_space(p);
        if (*p == '}')
            return p + 1;
        if (*p != ',')
            return NULL;
    }
}

/* The column `detail`, as in the classes of `event_head.py`. */

typedef struct {
    uint8_t text[512];
    Size size; /* -1: there is no room, or a field is absent */
} Detail;

static void
add(Detail *detail, const uint8_t *at, Size size)
{
    if (detail->size < 0 || at == NULL || size > (Size)sizeof(detail->text) - detail->size) {
        detail->size = -1;
        return;
    }
    memcpy(detail->text + detail->size, at, size);
    detail->size += size;
}

static void
add_args(Detail *detail, Text args)
{
    if (args.at == NULL) {
        detail->size = -1;
        return;
    }
    const uint8_t *p = skip_space(args.at + 1);
    for (int first = 1; *p == '"'; first = 0) {
        Text text;
        p = skip_space(plain_string(p, args.at + args.size, &text));
        if (!first)
            add(detail, (const uint8_t *)",", 1);
        add(detail, text.at, text.size);
        if (*p == ',')
            p = skip_space(p + 1);
    }
}

/* A template has a field's number + 1 for its value, and other characters for themselves. */
#define IN(field) (char)((field) + 1)
static const char as_dialplan[] = {IN(F_DIALPLAN_APP), '(', IN(F_DIALPLAN_DATA), ')', 0};
static const char as_varset[] = {IN(F_VARIABLE), '=', IN(F_VALUE), 0};
static const char as_digit[] = {IN(F_DIGIT), ' ', '(', IN(F_DURATION_MS), ' ', 'm', 's', ')', 0};
static const char as_talking[] = {IN(F_DURATION), ' ', 'm', 's', 0};
static const char as_playback[] = {IN(F_MEDIA_URI), ' ', IN(F_PLAYBACK_STATE), 0};

static void
add_template(Detail *detail, const char *template, const Text *values)
{
    for (; *template; template++) {
        if (*template <= FIELDS)
            add(detail, values[*template - 1].at, values[*template - 1].size);
        else
            add(detail, (const uint8_t *)template, 1);
    }
}

static void
add_cause(Detail *detail, const Text *values, int may_be_soft)
{
    if (values[F_CAUSE].at != NULL) {
        add(detail, values[F_CAUSE].at, values[F_CAUSE].size);
        if (values[F_CAUSE_TXT].size > 0) {
            add(detail, (const uint8_t *)" ", 1);
            add(detail, values[F_CAUSE_TXT].at, values[F_CAUSE_TXT].size);
        }
    }
    if (may_be_soft && values[F_SOFT].at != NULL && *values[F_SOFT].at == 't')
        add(detail, (const uint8_t *)" soft" + (detail->size == 0), 4 + (detail->size != 0));
}

typedef enum { NOTHING, PRESENTATION, CAUSE, CAUSE_OR_SOFT, ARGS, TEMPLATE } DetailKind;

/* The effect of a type on the live tables, as in `tables.py`; COMPLEX ones are left to that. */
typedef enum { COMPLEX, SHOWS, STARTS, ENDS, DESTROYS, PLAYS, PLAYED } Effect;

typedef struct {
    const char *name;
    uint8_t size;
    uint8_t object; /* F_CHANNEL, F_BRIDGE (of a channel) or F_PLAYBACK */
    uint8_t detail;
    uint8_t effect;
    const char *template;
} EventType;

#define EVENT(name, object, effect, detail, template)                                              \
    {name, sizeof(name) - 1, object, detail, effect, template}

static const EventType event_types[] = {
    EVENT("ChannelCallerId", F_CHANNEL, SHOWS, PRESENTATION, NULL),
    EVENT("ChannelConnectedLine", F_CHANNEL, SHOWS, NOTHING, NULL),
    EVENT("ChannelCreated", F_CHANNEL, SHOWS, NOTHING, NULL),
    EVENT("ChannelDestroyed", F_CHANNEL, DESTROYS, CAUSE, NULL),
    EVENT("ChannelDialplan", F_CHANNEL, SHOWS, TEMPLATE, as_dialplan),
    EVENT("ChannelDtmfReceived", F_CHANNEL, SHOWS, TEMPLATE, as_digit),
    EVENT("ChannelEnteredBridge", F_BRIDGE, COMPLEX, NOTHING, NULL),
    EVENT("ChannelHangupRequest", F_CHANNEL, SHOWS, CAUSE_OR_SOFT, NULL),
    EVENT("ChannelLeftBridge", F_BRIDGE, COMPLEX, NOTHING, NULL),
    EVENT("ChannelStateChange", F_CHANNEL, SHOWS, NOTHING, NULL),
    EVENT("ChannelTalkingFinished", F_CHANNEL, COMPLEX, TEMPLATE, as_talking),
    EVENT("ChannelTalkingStarted", F_CHANNEL, COMPLEX, NOTHING, NULL),
    EVENT("ChannelVarset", F_CHANNEL, SHOWS, TEMPLATE, as_varset),
    EVENT("PlaybackContinuing", F_PLAYBACK, PLAYS, TEMPLATE, as_playback),
    EVENT("PlaybackFinished", F_PLAYBACK, PLAYED, TEMPLATE, as_playback),
    EVENT("PlaybackStarted", F_PLAYBACK, PLAYS, TEMPLATE, as_playback),
    EVENT("StasisEnd", F_CHANNEL, ENDS, NOTHING, NULL),
    EVENT("StasisStart", F_CHANNEL, STARTS, ARGS, NULL),
    {NULL, 0, 0, 0, 0, NULL},
};

static int
begins_with(Text text, const char *prefix)
{
    Size size = (Size)strlen(prefix);
    return text.size >= size && memcmp(text.at, prefix, (size_t)size) == 0;
}

/* Returns `Head.routine` of a channel's playback. */
static int
is_routine(const Text *values)
{
    Text state = values[F_PLAYBACK_STATE], media = values[F_MEDIA_URI];
    return !(state.size == 6 && begins_with(state, "failed")) &&
           !begins_with(media, "recording:") && !begins_with(media, "number:");
}

/* Returns the event's type, or NULL if the event is unusual. */
static const EventType *
read_event(const uint8_t *p, Size size, Text *values, Detail *detail)
{
    const uint8_t *end = p + size;
    memset(values, 0, FIELDS * sizeof(Text));
    p = read_object(skip_space(p), end, event_fields, values, 1);
    if (p == NULL || skip_space(p) != end)
        return NULL;
    Text name = values[F_TYPE];
    const EventType *type = event_types;
    while (type->name != NULL &&
           (type->size != name.size || memcmp(type->name, name.at, name.size) != 0))
        type++;
    if (type->name == NULL)
        return NULL;
    if (type->object == F_PLAYBACK) {
        if (values[F_CHANNEL].at || values[F_BRIDGE].at || !values[F_PLAYBACK_ID].at ||
            !values[F_MEDIA_URI].at || !values[F_PLAYBACK_STATE].at ||
            !begins_with(values[F_TARGET_URI], "channel:"))
            return NULL;
    }
    else if (values[F_PLAYBACK].at || !values[F_CHANNEL_ID].at ||
             (type->object == F_BRIDGE) != (values[F_BRIDGE_ID].at != NULL) ||
             (type->object != F_BRIDGE && values[F_BRIDGE].at))
        return NULL;
    detail->size = 0;
    switch (type->detail) {
    case PRESENTATION:
        if (values[F_PRESENTATION].at != NULL)
            add(detail, values[F_PRESENTATION].at, values[F_PRESENTATION].size);
        break;
    case CAUSE:
    case CAUSE_OR_SOFT:
        add_cause(detail, values, type->detail == CAUSE_OR_SOFT);
        break;
    case ARGS:
        add_args(detail, values[F_ARGS]);
        break;
    case TEMPLATE:
        add_template(detail, type->template, values);
        break;
    }
    return detail->size < 0 ? NULL : type;
}

/* Time stamps in Asterisk's form, as 2026-11-23T11:03:22.123+0000. */

enum { STAMP_SIZE = 28 };

static int
number(const uint8_t *p, int digits)
{
    int value = 0;
    for (; digits--; p++) {
        if (*p < '0' || *p > '9')
            return -1;
        value = 10 * value + (*p - '0');
    }
    return value;
}

/* Returns microseconds since 1970, or -1 for any other form or year. */
static int64_t
microseconds(Text stamp)
{
    static const uint8_t days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const uint16_t days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const uint8_t *t = stamp.at;
    if (stamp.size != STAMP_SIZE || t[4] != '-' || t[7] != '-' || t[10] != 'T' || t[13] != ':' ||
        t[16] != ':' || t[19] != '.' || (t[23] != '+' && t[23] != '-'))
        return -1;
    int year = number(t, 4), month = number(t + 5, 2), day = number(t + 8, 2);
    int hour = number(t + 11, 2), minute = number(t + 14, 2), second = number(t + 17, 2);
    int milliseconds = number(t + 20, 3);
    int zone_hour = number(t + 24, 2), zone_minute = number(t + 26, 2);
    if (year < 1971 || year > 2099 || month < 1 || month > 12 || day < 1 || hour < 0 ||
        hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || milliseconds < 0 ||
        zone_hour < 0 || zone_hour > 23 || zone_minute < 0 || zone_minute > 59)
        return -1;
    int leap = year % 4 == 0; /* 2000 was a leap year */
    if (day > days_of[month - 1] + (leap && month == 2))
        return -1;
    int64_t days = 365 * (year - 1970) + (year - 1969) / 4 + days_before[month - 1] +
                   (leap && month > 2) + day - 1;
    int64_t zone = (zone_hour * 60 + zone_minute) * (t[23] == '-' ? -1 : 1);
    return (((days * 24 + hour) * 60 + minute - zone) * 60 + second) * 1000000 +
           (int64_t)milliseconds * 1000;
}

