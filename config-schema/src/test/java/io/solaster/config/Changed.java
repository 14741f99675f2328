package io.solaster.config;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;

/** Records with another value of one component, for those that no application changes alone. */
public final class Changed {
    private Changed() {}

    /** @throws IllegalArgumentException if there is no such component */
    @SuppressWarnings("unchecked")
    public static <R extends Record> R with(R record, String component, Object value) {
        RecordComponent[] components = record.getClass().getRecordComponents();
        Object[] values = new Object[components.length];
        boolean found = false;
        try {
            for (int i = 0; i < values.length; i++) {
                boolean here = components[i].getName().equals(component);
                found |= here;
                values[i] = here ? value : components[i].getAccessor().invoke(record);
            }
            if (!found) {
                throw new IllegalArgumentException(record.getClass() + " has no " + component);
            }
            return (R) record.getClass().getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new))
                    .newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }
}
