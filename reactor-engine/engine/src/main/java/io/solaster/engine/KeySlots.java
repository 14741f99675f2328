package io.solaster.engine;

import java.util.UUID;

import org.jspecify.annotations.Nullable;

/** The slot of a key that is any object. */
final class KeySlots {
    /** Whether a class says itself when two of its objects are one key. */
    private static final ClassValue<Boolean> HASHES = new ClassValue<>() {
        @Override
        protected Boolean computeValue(Class<?> type) {
            try {
                return type.getMethod("hashCode").getDeclaringClass() != Object.class && !type.isArray();
            } catch (NoSuchMethodException e) {
                throw new IllegalStateException(e);
            }
        }
    };

    private KeySlots() {}

    static int of(@Nullable Object key) {
        return switch (key) {
            case null -> throw new IllegalArgumentException("null is no key and belongs to no shard");
            case byte[] bytes -> Slots.of(bytes);
            case CharSequence text -> Slots.of(text);
            case Enum<?> constant -> Slots.of(constant.name());
            case Number _,UUID _,Boolean _,Character _ -> Slots.of(key.toString());
            default -> spread(key);
        };
    }

    private static int spread(Object key) {
        if (!HASHES.get(key.getClass())) {
            throw new IllegalArgumentException(key.getClass().getName()
                    + " has no hashCode() of its own, so that equal keys would belong to different shards; give a record,"
                    + " text, a number or bytes");
        }
        // Neighbouring hashes are spread as Fibonacci hashing does: by the golden ratio, of which the top bits count.
        return key.hashCode() * 0x9E3779B9 >>> 18;
    }
}
