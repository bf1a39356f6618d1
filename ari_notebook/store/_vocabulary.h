/* Numbers a column's words in the order of their first use.

Does what a dict of words would, in less memory, and without reading the word of every place it
passes: those are spread over all memory, and most new words of a busy log are ids. Hashes are
Python's, whose secret protects against words made to collide. */

typedef struct {
    uint32_t hash;
    int32_t number; /* -1: the place is free */
} Place;

typedef struct {
    PyObject_HEAD
    PyObject *words; /* a list, by number */
    Place *places;
    size_t size; /* of `places`: a power of two, at least twice the number of words */
} Vocabulary;

enum { SMALLEST_VOCABULARY = 8 };

/* Returns the place of a word, which is free if the word is new; NULL with an exception. */
static Place *
find_place(Vocabulary *self, PyObject *word, uint32_t hash)
{
    for (size_t at = hash;; at++) {
        Place *place = &self->places[at & (self->size - 1)];
        if (place->number < 0)
            return place;
        if (place->hash == hash) {
            PyObject *known = PyList_GetItem(self->words, place->number);
            int differs = known ? PyUnicode_Compare(known, word) : -1;
            if (PyErr_Occurred())
                return NULL;
            if (!differs)
                return place;
        }
    }
}

static int
resize_vocabulary(Vocabulary *self, size_t size)
{
    Place *before = self->places, *places = PyMem_Malloc(size * sizeof(Place));
    if (places == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memset(places, 0xff, size * sizeof(Place));
    for (size_t each = 0; each < self->size; each++) {
        if (before[each].number < 0)
            continue;
        size_t at = before[each].hash;
        while (places[at & (size - 1)].number >= 0)
            at++;
        places[at & (size - 1)] = before[each];
    }
    PyMem_Free(before);
    self->places = places;
    self->size = size;
    return 0;
}

/* Stores a text's number, which is a new one if the word is new; -1 with an exception. */
static int
number_word(Vocabulary *self, PyObject *word, int32_t *number)
{
    Py_ssize_t count = PyList_Size(self->words);
    if (count < 0 || ((size_t)count * 2 >= self->size && resize_vocabulary(self, self->size * 2) < 0))
        return -1;
    Py_hash_t hash = PyObject_Hash(word);
    Place *place = hash == -1 ? NULL : find_place(self, word, (uint32_t)hash);
    if (place == NULL)
        return -1;
    if (place->number < 0) {
        if (PyList_Append(self->words, word) < 0)
            return -1;
        *place = (Place){(uint32_t)hash, (int32_t)count};
    }
    *number = place->number;
    return 0;
}

static PyObject *
vocabulary_item(Vocabulary *self, PyObject *word)
{
    int32_t number = -1; /* of an empty word */
    if (!PyUnicode_CheckExact(word))
        return PyErr_Format(PyExc_TypeError, "a word is a str");
    if (PyUnicode_GetLength(word) > 0 && number_word(self, word, &number) < 0)
        return NULL;
    return PyLong_FromLong(number);
}

static PyObject *
vocabulary_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    allocfunc alloc = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    Vocabulary *self = (Vocabulary *)alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->words = PyList_New(0);
    if (self->words == NULL || resize_vocabulary(self, SMALLEST_VOCABULARY) < 0) {
        Py_DECREF((PyObject *)self);
        return NULL;
    }
    return (PyObject *)self;
}

static void
vocabulary_dealloc(Vocabulary *self)
{
    PyTypeObject *type = Py_TYPE((PyObject *)self);
    Py_XDECREF(self->words);
    PyMem_Free(self->places);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyMemberDef vocabulary_members[] = {
    {"words", T_OBJECT_EX, offsetof(Vocabulary, words), READONLY, "See `Vocabulary`."},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot vocabulary_slots[] = {
    {Py_tp_doc, "The words of a column; see `event_scanner.Vocabulary`."},
    {Py_tp_new, vocabulary_new},
    {Py_tp_dealloc, vocabulary_dealloc},
    {Py_tp_members, vocabulary_members},
    {Py_mp_subscript, vocabulary_item},
    {0, NULL},
};

static PyType_Spec vocabulary_spec = {
    "ari_notebook.store._event_scanner.Vocabulary", sizeof(Vocabulary), 0, Py_TPFLAGS_DEFAULT,
    vocabulary_slots,
};
