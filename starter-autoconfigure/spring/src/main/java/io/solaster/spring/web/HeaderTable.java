package io.solaster.spring.web;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.BiConsumer;

import io.solaster.http.HttpRequest;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;

/**
 * Headers in their order, names and values side by side in one array: there are few of them, they are looked for far more
 * often than they are changed, and a hash table for each request would cost more than it saves. Names are compared without
 * regard to case. One thread at a time.
 */
final class HeaderTable extends AbstractMap<String, List<String>> implements MultiValueMap<String, String> {
    private static final int ROOM = 16;

    /** A name, its value, the next name and so on. */
    private String[] entries = new String[ROOM];
    private int length;

    HeaderTable() {}

    /** A copy of a request's, since Spring may look at them when the exchange is over. */
    static HeaderTable of(HttpRequest request) {
        HeaderTable table = new HeaderTable();
        request.forEachHeader(table::append);
        return table;
    }

    private void append(String name, String value) {
        if (length == entries.length) {
            entries = Arrays.copyOf(entries, 2 * length);
        }
        entries[length++] = name;
        entries[length++] = value;
    }

    private int indexOf(Object key, int from) {
        if (key instanceof String name) {
            for (int i = from; i < length; i += 2) {
                // The length tells most of them apart.
                if (entries[i].length() == name.length() && entries[i].equalsIgnoreCase(name)) {
                    return i;
                }
            }
        }
        return -1;
    }

    /** Where the name was, so that whoever goes over the entries does not meet it again. */
    private void insert(int index, String name, String value) {
        append(name, value);
        System.arraycopy(entries, index, entries, index + 2, length - index - 2);
        entries[index] = name;
        entries[index + 1] = value;
    }

    private void removeAt(int index) {
        length -= 2;
        System.arraycopy(entries, index + 2, entries, index, length - index);
        Arrays.fill(entries, length, length + 2, null);
    }

    /** Hands over each header in its order. */
    void forEachHeader(BiConsumer<String, String> header) {
        for (int i = 0; i < length; i += 2) {
            header.accept(entries[i], entries[i + 1]);
        }
    }

    @Override
    public @Nullable String getFirst(String name) {
        int index = indexOf(name, 0);
        return index < 0 ? null : entries[index + 1];
    }

    @Override
    public void add(String name, @Nullable String value) {
        if (value != null) {
            append(name, value);
        }
    }

    @Override
    public void addAll(String name, List<? extends String> values) {
        values.forEach(value -> add(name, value));
    }

    @Override
    public void addAll(MultiValueMap<String, String> values) {
        values.forEach(this::addAll);
    }

    @Override
    public void set(String name, @Nullable String value) {
        int index = indexOf(name, 0);
        if (index < 0) {
            add(name, value);
        } else if (value == null) {
            remove(name);
        } else {
            entries[index + 1] = value;
            removeFrom(name, index + 2);
        }
    }

    private void removeFrom(Object name, int from) {
        for (int i = indexOf(name, from); i >= 0; i = indexOf(name, i)) {
            removeAt(i);
        }
    }

    @Override
    public void setAll(Map<String, String> values) {
        values.forEach(this::set);
    }

    @Override
    public Map<String, String> toSingleValueMap() {
        Map<String, String> first = new LinkedHashMap<>();
        for (int i = 0; i < length; i += 2) {
            if (isFirst(i)) {
                first.put(entries[i], entries[i + 1]);
            }
        }
        return first;
    }

    private boolean isFirst(int index) {
        return indexOf(entries[index], 0) == index;
    }

    @Override
    public int size() {
        int names = 0;
        for (int i = 0; i < length; i += 2) {
            if (isFirst(i)) {
                names++;
            }
        }
        return names;
    }

    @Override
    public boolean isEmpty() {
        return length == 0;
    }

    @Override
    public boolean containsKey(Object name) {
        return indexOf(name, 0) >= 0;
    }

    @Override
    public @Nullable List<String> get(Object name) {
        int index = indexOf(name, 0);
        if (index < 0) {
            return null;
        }
        List<String> values = new ArrayList<>(1);
        for (int i = index; i >= 0; i = indexOf(name, i + 2)) {
            values.add(entries[i + 1]);
        }
        return values;
    }

    @Override
    public @Nullable List<String> put(String name, List<String> values) {
        List<String> before = get(name);
        int place = before == null ? length : indexOf(name, 0);
        removeFrom(name, place);
        for (String value : values) {
            insert(place, name, value);
            place += 2;
        }
        return before;
    }

    @Override
    public @Nullable List<String> remove(Object name) {
        List<String> before = get(name);
        if (before != null) {
            removeFrom(name, 0);
        }
        return before;
    }

    @Override
    public void clear() {
        Arrays.fill(entries, 0, length, null);
        length = 0;
    }

    @Override
    public Set<Entry<String, List<String>>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Entry<String, List<String>>> iterator() {
                return new Entries();
            }

            @Override
            public int size() {
                return HeaderTable.this.size();
            }
        };
    }

    /** Goes over the names, each once; what it gives writes through. */
    private final class Entries implements Iterator<Entry<String, List<String>>> {
        private int next;
        private @Nullable String last;

        @Override
        public boolean hasNext() {
            while (next < length && !isFirst(next)) {
                next += 2;
            }
            return next < length;
        }

        @Override
        public Entry<String, List<String>> next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            String name = entries[next];
            last = name;
            next += 2;
            List<String> values = get(name);
            return new SimpleEntry<>(name, values == null ? List.of() : values) {
                @Override
                public List<String> setValue(List<String> newValues) {
                    put(name, newValues);
                    return super.setValue(newValues);
                }
            };
        }

        @Override
        public void remove() {
            if (last == null) {
                throw new IllegalStateException("next() has not been called since the last remove()");
            }
            int index = indexOf(last, 0);
            HeaderTable.this.remove(last);
            last = null;
            next = Math.max(index, 0);
        }
    }
}
