package io.solaster.config;

import java.lang.reflect.RecordComponent;
import java.util.HashMap;
import java.util.Map;

/** Records with other values of some components, for those that no application changes alone. */
public final class Changed {
    private Changed() {}

    /**
     * A record with other values.
     *
     * @param changes names of components, each with its value behind it
     * @throws IllegalArgumentException if there is no such component
     */
    @SuppressWarnings("unchecked")
    public static <R extends Record> R with(R record, Object... changes) {
        Map<Object, Object> wanted = new HashMap<>();
        for (int i = 0; i < changes.length; i += 2) {
            wanted.put(changes[i], changes[i + 1]);
        }
        RecordComponent[] components = record.getClass().getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] values = new Object[components.length];
        try {
            for (int i = 0; i < values.length; i++) {
                String name = components[i].getName();
                types[i] = components[i].getType();
                values[i] = wanted.containsKey(name) ? wanted.remove(name) : components[i].getAccessor().invoke(record);
            }
            if (!wanted.isEmpty()) {
                throw new IllegalArgumentException(record.getClass() + " has no " + wanted.keySet());
            }
            return (R) record.getClass().getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
