/* Decodes the heads of frequent events, numbers their words for the event log's columns, and applies
them to the live tables.

`Scanner.scan` parses the JSON of an event without creating Python objects for it. Texts become
words: a cache has their objects and numbers from earlier events, so that only new ones are created.
An unusual event is left to the Python code: this extension has no rule of its own about those. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <structmember.h>

#include "_event_fields.h"
#include "_vocabulary.h"

enum { /* the columns, in the order of Scanner's vocabularies; then words without a number */
    TYPE, APPLICATION, CHANNEL, CHANNEL_NAME, STATE, BRIDGE, PLAYBACK, DETAIL, ASTERISK_ID,
    COLUMNS,
    MEDIA_URI = COLUMNS, PLAYBACK_STATE,
    ALL_WORDS
};

/* Words: a text's number in a column's vocabulary, and its object. The cache forgets a word when
   another takes its place; the vocabulary has it then. A word fills a cache line. */

enum { CACHED = 1 << 14, CACHED_SIZE = 44 };

typedef struct {
    PyObject *object; /* NULL: the place is free */
    uint32_t hash;
    int32_t number;
    uint16_t column;
    uint16_t size;
    uint8_t text[CACHED_SIZE];
} Word;

typedef struct {
    PyObject_HEAD
    PyObject *head_type;
    PyObject *vocabularies; /* a tuple, by column */
    PyObject *channel_type;
    PyObject *playback_type;
    PyObject *no_objects;
    PyObject *empty;
    Word *words;
} Scanner;

/* Returns the first bytes of a text that is not empty, up to eight, without a loop. */
static inline uint64_t
first_bytes(const uint8_t *at, Size size)
{
    uint64_t all;
    uint32_t begin, end;
    if (size >= 8) {
        memcpy(&all, at, 8);
        return all;
    }
    if (size >= 4) {
        memcpy(&begin, at, 4);
        memcpy(&end, at + size - 4, 4);
        return (uint64_t)begin << 32 | end;
    }
    return (uint64_t)(at[0] << 16 | at[size / 2] << 8 | at[size - 1]);
}

static uint32_t
hash_text(Text text, int column)
{
    const uint64_t factor = 0x9E3779B97F4A7C15u;
    uint64_t hash = (uint64_t)text.size * factor + (uint64_t)column;
    for (; text.size > 0; text.at += 8, text.size -= 8) {
        hash = (hash ^ first_bytes(text.at, text.size)) * factor;
        hash ^= hash >> 29;
    }
    return (uint32_t)(hash >> 32);
}

static inline int
is_equal(const uint8_t *one, const uint8_t *other, Size size)
{
    for (; size > 0; one += 8, other += 8, size -= 8)
        if (first_bytes(one, size) != first_bytes(other, size))
            return 0;
    return 1;
}

/* Fills in a word from its column's vocabulary; -1 with an exception. */
static int
make_word(Scanner *self, Word *word, Text text, int column)
{
    PyObject *object = PyUnicode_DecodeUTF8((const char *)text.at, text.size, NULL);
    if (object == NULL)
        return -1;
    word->number = -1;
    if (column < COLUMNS) {
        Vocabulary *vocabulary = (Vocabulary *)PyTuple_GetItem(self->vocabularies, column);
        PyObject *known = NULL;
        if (number_word(vocabulary, object, &word->number) == 0)
            known = PyList_GetItem(vocabulary->words, word->number);
        Py_XINCREF(known);
        Py_DECREF(object);
        object = known;
    }
    word->object = object;
    return object == NULL ? -1 : 0;
}

typedef struct {
    Text text;
    int column;
    PyObject **object; /* where a new reference is stored; NULL: none is needed */
    uint32_t hash;
} Wanted;

/* Hashes a text, and has the processor fetch its word meanwhile: the words of an event's ids are
   rarely in its nearest caches. */
static inline void
prepare(Scanner *self, Wanted *wanted)
{
    if (wanted->text.size > CACHED_SIZE)
        return;
    wanted->hash = hash_text(wanted->text, wanted->column);
#if defined(__GNUC__)
    __builtin_prefetch(&self->words[wanted->hash % CACHED]);
#endif
}

/* Stores a text's number and object; -1 with an exception. */
static int
find_word(Scanner *self, const Wanted *wanted, int32_t *number)
{
    Text text = wanted->text;
    int column = wanted->column;
    Word made = {0};
    Word *word = &made;
    if (text.size == 0) {
        made.object = self->empty;
        made.number = -1;
        Py_INCREF(made.object);
    }
    else if (text.size > CACHED_SIZE) {
        if (make_word(self, &made, text, column) < 0)
            return -1;
    }
    else {
        uint32_t hash = wanted->hash;
        word = &self->words[hash % CACHED];
        for (int way = 0;; way++) {
            Word *each = &self->words[(hash ^ (uint32_t)way) % CACHED];
            if (each->hash == hash && each->column == column && each->size == text.size &&
                each->object != NULL && is_equal(each->text, text.at, text.size)) {
                word = each;
                break;
            }
            if (each->object == NULL)
                word = each;
            if (way == 1) {
                if (make_word(self, &made, text, column) < 0)
                    return -1;
                made.hash = hash;
                made.column = (uint16_t)column;
                made.size = (uint16_t)text.size;
                memcpy(made.text, text.at, text.size);
                PyObject *before = word->object;
                *word = made;
                made.object = NULL;
                Py_XDECREF(before);
                break;
            }
        }
    }
    *number = word->number;
    if (wanted->object != NULL) {
        *wanted->object = word->object;
        Py_INCREF(word->object);
    }
    Py_XDECREF(made.object);
    return 0;
}

/* The decoded fields of an event, with the attributes of `event_head.Head`. Columns need only the
   numbers of its words; attributes that nothing else reads often are read from the frame again. */

typedef struct {
    PyObject_HEAD
    Scanner *scanner;
    PyObject *frame;
    PyObject *type;
    PyObject *application;
    PyObject *channel_id;
    PyObject *playback_id; /* NULL for other events; as the next two */
    PyObject *media_uri;
    PyObject *playback_state;
    int64_t time;
    uint8_t effect; /* on the live tables */
    char routine;
    int32_t numbers[COLUMNS];
} Head;

static void
head_dealloc(Head *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    Py_XDECREF((PyObject *)self->scanner);
    Py_XDECREF(self->frame);
    Py_XDECREF(self->type);
    Py_XDECREF(self->application);
    Py_XDECREF(self->channel_id);
    Py_XDECREF(self->playback_id);
    Py_XDECREF(self->media_uri);
    Py_XDECREF(self->playback_state);
    PyObject_Free(self);
    Py_DECREF(type);
}

static void
read_again(Head *self, Text *values, Detail *detail)
{
    const char *data = PyBytes_AsString(self->frame);
    read_event((const uint8_t *)data, PyBytes_Size(self->frame), values, detail);
}

static PyObject *
as_object(Text text)
{
    return PyUnicode_DecodeUTF8(text.size ? (const char *)text.at : "", text.size, NULL);
}

static PyObject *
head_text(Head *self, void *place)
{
    Text values[FIELDS];
    Detail detail;
    read_again(self, values, &detail);
    return as_object(place ? *(Text *)((char *)values + (intptr_t)place)
                           : (Text){detail.text, detail.size});
}

static PyObject *
head_channel(Head *self, void *Py_UNUSED(closure))
{
    Text values[FIELDS];
    Detail detail;
    read_again(self, values, &detail);
    PyObject *name = as_object(values[F_CHANNEL_NAME]), *state = as_object(values[F_CHANNEL_STATE]);
    PyObject *channel = NULL;
    if (name != NULL && state != NULL)
        channel = PyObject_CallFunctionObjArgs(self->scanner->channel_type, self->channel_id, name,
                                               state, NULL);
    Py_XDECREF(name);
    Py_XDECREF(state);
    return channel;
}

static PyObject *
head_objects(Head *self, void *Py_UNUSED(closure))
{
    Text values[FIELDS];
    Detail detail;
    read_again(self, values, &detail);
    if (values[F_BRIDGE].at == NULL && values[F_PLAYBACK].at == NULL) {
        Py_INCREF(self->scanner->no_objects);
        return self->scanner->no_objects;
    }
    PyObject *bridge = as_object(values[F_BRIDGE_ID]), *playback = as_object(values[F_PLAYBACK_ID]);
    PyObject *objects = NULL;
    if (bridge != NULL && playback != NULL)
        objects = PyTuple_Pack(3, bridge, playback, self->scanner->empty);
    Py_XDECREF(bridge);
    Py_XDECREF(playback);
    return objects;
}

static PyObject *
head_playback(Head *self, void *Py_UNUSED(closure))
{
    if (self->playback_id == NULL)
        Py_RETURN_NONE;
    Text values[FIELDS];
    Detail detail;
    read_again(self, values, &detail);
    PyObject *uri = as_object(values[F_TARGET_URI]);
    if (uri == NULL)
        return NULL;
    PyObject *playback =
        PyObject_CallFunctionObjArgs(self->scanner->playback_type, self->playback_id,
                                     self->media_uri, self->playback_state, uri, NULL);
    Py_DECREF(uri);
    return playback;
}

static PyMemberDef head_members[] = {
    {"type", T_OBJECT_EX, offsetof(Head, type), READONLY, "See `Head`."},
    {"kind", T_OBJECT_EX, offsetof(Head, type), READONLY, "See `Head`."},
    {"application", T_OBJECT_EX, offsetof(Head, application), READONLY, "See `Head`."},
    {"channel_id", T_OBJECT_EX, offsetof(Head, channel_id), READONLY, "See `Head`."},
    {"routine", T_BOOL, offsetof(Head, routine), READONLY, "See `Head`."},
    {NULL, 0, 0, 0, NULL},
};

#define AT(field) (void *)((field) * sizeof(Text))

static PyGetSetDef head_getters[] = {
    {"timestamp", (getter)head_text, NULL, "See `Head`.", AT(F_TIMESTAMP)},
    {"asterisk_id", (getter)head_text, NULL, "See `Head`.", AT(F_ASTERISK_ID)},
    {"detail", (getter)head_text, NULL, "See `Head`.", NULL},
    {"channel", (getter)head_channel, NULL, "See `Head`.", NULL},
    {"objects", (getter)head_objects, NULL, "See `Head`.", NULL},
    {"playback", (getter)head_playback, NULL, "See `PlaybackHead`.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot head_slots[] = {
    {Py_tp_doc, "The head of a frequent event; see `event_head.Head`."},
    {Py_tp_dealloc, head_dealloc},
    {Py_tp_members, head_members},
    {Py_tp_getset, head_getters},
    {0, NULL},
};

static PyType_Spec head_spec = {
    "ari_notebook.store._event_scanner.ScannedHead", sizeof(Head), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, head_slots,
};

static int
is_ascii(const uint8_t *p, Py_ssize_t size)
{
    uint64_t all = 0, part;
    for (; size >= 8; p += 8, size -= 8) {
        memcpy(&part, p, 8);
        all |= part;
    }
    for (; size > 0; size--)
        all |= *p++;
    return (all & 0x8080808080808080u) == 0;
}

/* Returns a head, None if the event is unusual, or NULL with an exception. */
static PyObject *
scan_frame(Scanner *self, PyObject *frame)
{
    Text values[FIELDS];
    Detail detail;
    char *data;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(frame, &data, &size) < 0)
        return NULL;
    const uint8_t *text = (const uint8_t *)data;
    const EventType *type = read_event(text, size, values, &detail);
    int64_t time = type != NULL ? microseconds(values[F_TIMESTAMP]) : -1;
    if (time < 0)
        Py_RETURN_NONE;
    if (!is_ascii(text, size)) {
        PyObject *decoded = PyUnicode_DecodeUTF8(data, size, NULL);
        if (decoded == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_UnicodeDecodeError))
                return NULL;
            PyErr_Clear();
            Py_RETURN_NONE;
        }
        Py_DECREF(decoded);
    }
    Head *head = PyObject_New(Head, (PyTypeObject *)self->head_type);
    if (head == NULL)
        return NULL;
    memset((char *)head + offsetof(Head, scanner), 0, sizeof(Head) - offsetof(Head, scanner));
    Py_INCREF((PyObject *)self);
    head->scanner = self;
    Py_INCREF(frame);
    head->frame = frame;
    head->time = time;
    head->effect = type->effect;
    int is_playback = type->object == F_PLAYBACK;
    Text target = values[F_TARGET_URI], id = values[F_CHANNEL_ID];
    if (is_playback) {
        id = (Text){target.at + 8, target.size - 8};
        head->routine = (char)is_routine(values);
    }
    Wanted wanted[] = {
        {id, CHANNEL, &head->channel_id, 0},
        {values[F_CHANNEL_NAME], CHANNEL_NAME, NULL, 0},
        {(Text){detail.text, detail.size}, DETAIL, NULL, 0},
        {values[F_TYPE], TYPE, &head->type, 0},
        {values[F_APPLICATION], APPLICATION, &head->application, 0},
        {values[F_CHANNEL_STATE], STATE, NULL, 0},
        {values[F_BRIDGE_ID], BRIDGE, NULL, 0},
        {values[F_ASTERISK_ID], ASTERISK_ID, NULL, 0},
        {values[F_PLAYBACK_ID], PLAYBACK, is_playback ? &head->playback_id : NULL, 0},
        {values[F_MEDIA_URI], MEDIA_URI, is_playback ? &head->media_uri : NULL, 0},
        {values[F_PLAYBACK_STATE], PLAYBACK_STATE, is_playback ? &head->playback_state : NULL, 0},
    };
    int32_t numbers[ALL_WORDS];
    for (int each = 0; each < ALL_WORDS; each++)
        prepare(self, &wanted[each]);
    for (int each = 0; each < ALL_WORDS; each++) {
        if (find_word(self, &wanted[each], &numbers[wanted[each].column]) < 0) {
            Py_DECREF((PyObject *)head);
            return NULL;
        }
    }
    memcpy(head->numbers, numbers, sizeof(head->numbers));
    return (PyObject *)head;
}

static int
append_place(PyObject *places, Py_ssize_t place)
{
    PyObject *number = PyLong_FromSsize_t(place);
    int result = number == NULL ? -1 : PyList_Append(places, number);
    Py_XDECREF(number);
    return result;
}

static PyObject *
scanner_scan(Scanner *self, PyObject *frames)
{
    Py_ssize_t count = PyList_Size(frames);
    if (count < 0)
        return NULL;
    PyObject *heads = PyList_New(count), *others = PyList_New(0), *result = NULL;
    if (heads == NULL || others == NULL)
        goto done;
    for (Py_ssize_t place = 0; place < count; place++) {
        PyObject *frame = PyList_GetItem(frames, place);
        if (frame == NULL)
            goto done;
        Py_INCREF(frame);
        PyObject *head = scan_frame(self, frame);
        Py_DECREF(frame);
        int unusual = head == Py_None;
        if (head == NULL || PyList_SetItem(heads, place, head) < 0 ||
            (unusual && append_place(others, place) < 0))
            goto done;
    }
    result = PyTuple_Pack(2, heads, others);
done:
    Py_XDECREF(heads);
    Py_XDECREF(others);
    return result;
}

static PyObject *
scanner_rows(Scanner *self, PyObject *heads)
{
    Py_ssize_t count = PyList_Size(heads);
    if (count < 0)
        return NULL;
    PyObject *times = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(int64_t));
    PyObject *numbers =
        PyBytes_FromStringAndSize(NULL, count * COLUMNS * (Py_ssize_t)sizeof(int32_t));
    PyObject *others = PyList_New(0), *rows = NULL;
    if (times == NULL || numbers == NULL || others == NULL)
        goto done;
    char *time_data = PyBytes_AsString(times), *number_data = PyBytes_AsString(numbers);
    for (Py_ssize_t row = 0; row < count; row++) {
        Head *head = (Head *)PyList_GetItem(heads, row);
        if (head == NULL)
            goto done;
        int64_t time = 0;
        int32_t none[COLUMNS] = {0};
        const int32_t *known = none;
        if ((PyObject *)Py_TYPE((PyObject *)head) == self->head_type && head->scanner == self) {
            time = head->time;
            known = head->numbers;
        }
        else if (append_place(others, row) < 0)
            goto done;
        memcpy(time_data + row * (Py_ssize_t)sizeof(time), &time, sizeof(time));
        for (Py_ssize_t column = 0; column < COLUMNS; column++)
            memcpy(number_data + (column * count + row) * (Py_ssize_t)sizeof(int32_t),
                   &known[column], sizeof(int32_t));
    }
    rows = PyTuple_Pack(3, times, numbers, others);
done:
    Py_XDECREF(times);
    Py_XDECREF(numbers);
    Py_XDECREF(others);
    return rows;
}

static void
scanner_dealloc(Scanner *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    for (int place = 0; self->words != NULL && place < CACHED; place++)
        Py_XDECREF(self->words[place].object);
    PyMem_Free(self->words);
    Py_XDECREF(self->head_type);
    Py_XDECREF(self->vocabularies);
    Py_XDECREF(self->channel_type);
    Py_XDECREF(self->playback_type);
    Py_XDECREF(self->no_objects);
    Py_XDECREF(self->empty);
    PyObject_Free(self);
    Py_DECREF(type);
}

static int
check_vocabularies(PyObject *module, PyObject *vocabularies)
{
    PyObject *type = PyObject_GetAttrString(module, "Vocabulary");
    Py_ssize_t count = type != NULL ? PyTuple_Size(vocabularies) : -1;
    int right = count == COLUMNS;
    for (Py_ssize_t column = 0; right && column < COLUMNS; column++)
        right = (PyObject *)Py_TYPE(PyTuple_GetItem(vocabularies, column)) == type;
    Py_XDECREF(type);
    if (!right && !PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%d vocabularies are needed", COLUMNS);
    return right ? 0 : -1;
}

static PyObject *
scanner_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(kwargs))
{
    PyObject *vocabularies, *channel_type, *playback_type, *no_objects;
    if (!PyArg_ParseTuple(args, "OOOO", &vocabularies, &channel_type, &playback_type, &no_objects))
        return NULL;
    PyObject *module = PyType_GetModule(type);
    if (module == NULL || check_vocabularies(module, vocabularies) < 0)
        return NULL;
    PyObject *head_type = PyObject_GetAttrString(module, "ScannedHead");
    if (head_type == NULL)
        return NULL;
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Scanner *self = (Scanner *)alloc(type, 0);
    if (self == NULL) {
        Py_DECREF(head_type);
        return NULL;
    }
    self->head_type = head_type;
    Py_INCREF(vocabularies);
    self->vocabularies = vocabularies;
    Py_INCREF(channel_type);
    self->channel_type = channel_type;
    Py_INCREF(playback_type);
    self->playback_type = playback_type;
    Py_INCREF(no_objects);
    self->no_objects = no_objects;
    self->empty = PyUnicode_FromStringAndSize("", 0);
    self->words = PyMem_Calloc(CACHED, sizeof(Word));
    if (self->empty == NULL || self->words == NULL) {
        Py_DECREF(self);
        return PyErr_Occurred() ? NULL : PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static PyMethodDef scanner_methods[] = {
    {"scan", (PyCFunction)scanner_scan, METH_O,
     "Decode the heads of events; see event_scanner.py."},
    {"rows", (PyCFunction)scanner_rows, METH_O,
     "Return the columns of some events; see event_scanner.py."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot scanner_slots[] = {
    {Py_tp_doc, "Scanner(vocabularies, channel_type, playback_type, no_objects)"},
    {Py_tp_new, scanner_new},
    {Py_tp_dealloc, scanner_dealloc},
    {Py_tp_methods, scanner_methods},
    {0, NULL},
};

static PyType_Spec scanner_spec = {
    "ari_notebook.store._event_scanner.Scanner", sizeof(Scanner), 0,
    Py_TPFLAGS_DEFAULT, scanner_slots,
};

/* Live tables: the effects of frequent events, as the functions of `tables.py` have them. Each
   function returns 1; 0 if it is left to Python, before it has changed anything; or -1 with an
   exception. */

enum { LARGE_EVENT = 1 << 16 }; /* a larger event is not kept for its row */

typedef struct {
    PyObject *channels; /* id -> snapshot */
    PyObject *playbacks;
    PyObject *gone; /* ids of destroyed channels */
    PyObject *snapshot_type;
    PyObject *frame, *playing, *entered; /* names of a snapshot's attributes */
    int has_endpoints; /* whose lists change with the table of channels */
    int subscribed_to_all;
} Tables;

/* Stores a new reference to an item, or NULL if it is absent; -1 with an exception. */
static int
find_item(PyObject *table, PyObject *id, PyObject **item)
{
    *item = PyDict_GetItemWithError(table, id);
    Py_XINCREF(*item);
    return *item == NULL && PyErr_Occurred() ? -1 : 1;
}

static int
remove_item(PyObject *table, PyObject *id)
{
    int there = PyDict_Contains(table, id);
    return there < 0 || (there && PyDict_DelItem(table, id) < 0) ? -1 : 1;
}

/* Stores a snapshot; steals the reference to it, which may be NULL with an exception. */
static int
set_item(PyObject *table, PyObject *id, PyObject *snapshot)
{
    int result = snapshot == NULL || PyDict_SetItem(table, id, snapshot) < 0 ? -1 : 1;
    Py_XDECREF(snapshot);
    return result;
}

static int
show_channel(Tables *tables, Head *head)
{
    PyObject *known;
    if (find_item(tables->channels, head->channel_id, &known) < 0)
        return -1;
    if (known != NULL) {
        int result = 0;
        if (head->effect == SHOWS)
            result = PyObject_SetAttr(known, tables->frame, head->frame) < 0 ? -1 : 1;
        Py_DECREF(known);
        return result;
    }
    if (tables->has_endpoints)
        return 0;
    int gone = PyDict_Contains(tables->gone, head->channel_id);
    if (gone != 0)
        return gone;
    PyObject *empty = head->scanner->empty, *snapshot;
    if (head->effect == SHOWS)
        snapshot = PyObject_CallFunctionObjArgs(tables->snapshot_type, head->frame, NULL);
    else
        snapshot = PyObject_CallFunctionObjArgs(tables->snapshot_type, head->frame, empty, empty,
                                                empty, head->application, head->frame, NULL);
    return set_item(tables->channels, head->channel_id, snapshot);
}

static int
end_stasis(Tables *tables, Head *head)
{
    PyObject *known;
    if (tables->subscribed_to_all || tables->has_endpoints)
        return 0;
    if (find_item(tables->channels, head->channel_id, &known) < 0)
        return -1;
    if (known == NULL)
        return 1;
    PyObject *entered = PyObject_GetAttr(known, tables->entered);
    Py_DECREF(known);
    if (entered == NULL)
        return -1;
    int left = entered == Py_None;
    if (!left)
        left = PyObject_RichCompareBool(entered, head->application, Py_EQ);
    Py_DECREF(entered);
    return left > 0 ? remove_item(tables->channels, head->channel_id) : left;
}

static int
destroy_channel(Tables *tables, Head *head)
{
    if (tables->has_endpoints)
        return 0;
    if (remove_item(tables->channels, head->channel_id) < 0)
        return -1;
    return PyObject_SetItem(tables->gone, head->channel_id, Py_None) < 0 ? -1 : 1;
}

static int
play(Tables *tables, Head *head)
{
    if (PyUnicode_GetLength(head->channel_id) == 0)
        return 0;
    PyObject *known;
    int result = find_item(tables->channels, head->channel_id, &known);
    if (known != NULL) {
        PyObject *frame = PyObject_GetAttr(known, tables->frame);
        Py_ssize_t size = frame != NULL ? PyObject_Size(frame) : -1;
        Py_XDECREF(frame);
        result = size < 0 ? -1 : size > 0; /* an empty one: there is only a row */
    }
    if (result == 1 && head->effect == PLAYED)
        result = remove_item(tables->playbacks, head->playback_id);
    else if (result == 1)
        result = set_item(tables->playbacks, head->playback_id,
                          PyObject_CallFunctionObjArgs(tables->snapshot_type, head->frame, NULL));
    if (result == 1 && known != NULL) {
        PyObject *playing = head->effect == PLAYED ? head->scanner->empty : head->media_uri;
        result = PyObject_SetAttr(known, tables->playing, playing) < 0 ? -1 : 1;
    }
    Py_XDECREF(known);
    return result;
}

static int
apply_head(Tables *tables, Head *head)
{
    if (PyBytes_Size(head->frame) > LARGE_EVENT)
        return 0;
    switch (head->effect) {
    case SHOWS:
    case STARTS:
        return show_channel(tables, head);
    case ENDS:
        return end_stasis(tables, head);
    case DESTROYS:
        return destroy_channel(tables, head);
    case PLAYS:
    case PLAYED:
        return play(tables, head);
    }
    return 0;
}

static PyObject *
get_head_type(PyObject *module)
{
    return *(PyObject **)PyModule_GetState(module);
}

static PyObject *
apply_heads(PyObject *module, PyObject *args)
{
    Tables tables = {0};
    PyObject *heads, *head_type = get_head_type(module);
    Py_ssize_t place, count;
    if (!PyArg_ParseTuple(args, "OnO!O!O!Opp", &heads, &place, &PyDict_Type, &tables.channels,
                          &PyDict_Type, &tables.playbacks, &PyDict_Type, &tables.gone,
                          &tables.snapshot_type, &tables.has_endpoints,
                          &tables.subscribed_to_all) ||
        (count = PyList_Size(heads)) < 0)
        return NULL;
    struct {
        PyObject **name;
        const char *text;
    } names[] = {
        {&tables.frame, "frame"},
        {&tables.playing, "playing"},
        {&tables.entered, "entered"},
    };
    enum { NAMES = sizeof(names) / sizeof(*names) };
    int applied = 1;
    for (int each = 0; each < NAMES; each++)
        if ((*names[each].name = PyUnicode_InternFromString(names[each].text)) == NULL)
            applied = -1;
    for (; applied == 1 && place >= 0 && place < count; place += applied == 1) {
        PyObject *head = PyList_GetItem(heads, place);
        if (head == NULL)
            applied = -1;
        else if ((PyObject *)Py_TYPE(head) != head_type)
            applied = 0;
        else {
            Py_INCREF(head);
            applied = apply_head(&tables, (Head *)head);
            Py_DECREF(head);
        }
    }
    for (int each = 0; each < NAMES; each++)
        Py_XDECREF(*names[each].name);
    return applied < 0 ? NULL : PyLong_FromSsize_t(place);
}

/* Returns the indexes of the heads whose types are in a container. */
static PyObject *
find_types(PyObject *module, PyObject *args)
{
    PyObject *heads, *types, *places, *head_type = get_head_type(module);
    Py_ssize_t count;
    if (!PyArg_ParseTuple(args, "OO", &heads, &types) || (count = PyList_Size(heads)) < 0 ||
        (places = PyList_New(0)) == NULL)
        return NULL;
    for (Py_ssize_t place = 0; place < count; place++) {
        PyObject *head = PyList_GetItem(heads, place), *type = NULL;
        if (head != NULL && (PyObject *)Py_TYPE(head) == head_type) {
            type = ((Head *)head)->type;
            Py_INCREF(type);
        }
        else if (head != NULL)
            type = PyObject_GetAttrString(head, "type");
        int found = type != NULL ? PySequence_Contains(types, type) : -1;
        Py_XDECREF(type);
        if (found < 0 || (found && append_place(places, place) < 0)) {
            Py_DECREF(places);
            return NULL;
        }
    }
    return places;
}

/* Takes whole text messages of 126 to 65,535 bytes from a WebSocket's stream, which most events
   are; see `websocket_frames.py`. */
static PyObject *
split_texts(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *data;
    Py_ssize_t size, at;
    PyObject *messages;
    if (!PyArg_ParseTuple(args, "y#nO", &data, &size, &at, &messages))
        return NULL;
    while (at >= 0 && size - at >= 4) {
        const uint8_t *head = (const uint8_t *)data + at;
        Py_ssize_t length = head[2] << 8 | head[3];
        if (head[0] != 0x81 || head[1] != 126 || length > size - at - 4)
            break;
        PyObject *message = PyBytes_FromStringAndSize(data + at + 4, length);
        int failed = message == NULL || PyList_Append(messages, message) < 0;
        Py_XDECREF(message);
        if (failed)
            return NULL;
        at += 4 + length;
    }
    return PyLong_FromSsize_t(at);
}

static PyMethodDef module_functions[] = {
    {"split_texts", split_texts, METH_VARARGS,
     "Split text messages off a WebSocket's stream; see websocket_frames.py."},
    {"apply_heads", apply_heads, METH_VARARGS,
     "Apply events to the live tables; see event_scanner.py."},
    {"find_types", find_types, METH_VARARGS,
     "Return the indexes of heads of some types; see event_scanner.py."},
    {NULL, NULL, 0, NULL},
};

static int
add_contents(PyObject *module)
{
    PyType_Spec *specs[] = {&head_spec, &vocabulary_spec, &scanner_spec};
    PyObject **head_type = PyModule_GetState(module);
    for (size_t each = 0; each < sizeof(specs) / sizeof(*specs); each++) {
        PyObject *type = PyType_FromModuleAndSpec(module, specs[each], NULL);
        int failed = type == NULL || PyModule_AddType(module, (PyTypeObject *)type) < 0;
        if (each == 0)
            *head_type = type;
        else
            Py_XDECREF(type);
        if (failed)
            return -1;
    }
    prepare_parsing();
    return PyModule_AddIntConstant(module, "INTERFACE", 2); /* see event_scanner.py */
}

static int
traverse_module(PyObject *module, visitproc visit, void *arg)
{
    PyObject **head_type = PyModule_GetState(module);
    if (head_type != NULL)
        Py_VISIT(*head_type);
    return 0;
}

static int
clear_module(PyObject *module)
{
    PyObject **head_type = PyModule_GetState(module);
    if (head_type != NULL)
        Py_CLEAR(*head_type);
    return 0;
}

static void
free_module(void *module)
{
    clear_module((PyObject *)module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, add_contents},
    {0, NULL},
};

static PyModuleDef module_def = {
    PyModuleDef_HEAD_INIT, "ari_notebook.store._event_scanner",
    "Heads of frequent events, decoded in C.", sizeof(PyObject *), module_functions, module_slots,
    traverse_module, clear_module, free_module,
};

PyMODINIT_FUNC
PyInit__event_scanner(void)
{
    return PyModuleDef_Init(&module_def);
}
