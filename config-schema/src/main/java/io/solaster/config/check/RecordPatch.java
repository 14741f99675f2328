package io.solaster.config.check;

import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

import org.jspecify.annotations.Nullable;

/** Puts another value in one place of a tree of records, maps and lists. Any thread. */
final class RecordPatch {

    private static final ClassValue<Shape> SHAPES = new ClassValue<>() {
        @Override
        protected Shape computeValue(Class<?> type) {
            return Shape.of(type);
        }
    };

    private RecordPatch() {}

    /**
     * A tree that has another value at a path, and is the same elsewhere.
     *
     * @param path names of components, however they are spelled, and keys of maps, places in lists
     * @return null if nothing stands there
     */
    static @Nullable Object replace(Object tree, List<String> path, Object value) {
        if (path.isEmpty()) {
            return value;
        }
        String first = path.getFirst();
        List<String> rest = path.subList(1, path.size());
        return switch (tree) {
            case Map<?, ?> map -> inMap(map, first, rest, value);
            case List<?> list -> inList(list, first, rest, value);
            case Record record -> inRecord(record, first, rest, value);
            default -> null;
        };
    }

    private static @Nullable Object inMap(Map<?, ?> map, String key, List<String> rest, Object value) {
        Object before = map.get(key);
        Object after = before == null ? null : replace(before, rest, value);
        if (after == null) {
            return null;
        }
        Map<Object, Object> copy = new LinkedHashMap<>(map);
        copy.put(key, after);
        return copy;
    }

    private static @Nullable Object inList(List<?> list, String index, List<String> rest, Object value) {
        int place = index.matches("[0-9]{1,9}") ? Integer.parseInt(index) : list.size();
        Object after = place < list.size() ? replace(list.get(place), rest, value) : null;
        if (after == null) {
            return null;
        }
        List<Object> copy = new ArrayList<>(list);
        copy.set(place, after);
        return copy;
    }

    private static @Nullable Object inRecord(Record record, String name, List<String> rest, Object value) {
        Shape shape = SHAPES.get(record.getClass());
        int place = shape.names.indexOf(ConfigKeys.uniform(name));
        if (place < 0) {
            return null;
        }
        try {
            @Nullable
            Object[] values = new @Nullable Object[shape.names.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = shape.accessors.get(i).invoke(record);
            }
            Object before = values[place];
            Object after = before == null ? null : replace(before, rest, value);
            if (after == null) {
                return null;
            }
            values[place] = after;
            return shape.constructor.newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot copy " + record.getClass(), e);
        }
    }

    /** What reflection says of a type of records, which takes it longer than the rest. */
    private record Shape(List<String> names, List<Method> accessors, Constructor<?> constructor) {

        static Shape of(Class<?> type) {
            List<RecordComponent> components = List.of(type.getRecordComponents());
            try {
                return new Shape(
                        components.stream().map(component -> ConfigKeys.uniform(component.getName())).toList(),
                        components.stream().map(RecordComponent::getAccessor).toList(),
                        type.getDeclaredConstructor(
                                components.stream().map(RecordComponent::getType).toArray(Class<?>[]::new)));
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException(type + " is no record", e);
            }
        }
    }
}
