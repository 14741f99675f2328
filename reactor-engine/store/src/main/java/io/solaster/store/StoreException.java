package io.solaster.store;

/** The store refuses an operation, in the words that a Redis client reads: another type, no memory, no number. */
public final class StoreException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    private final String code;

    StoreException(String key, String text) {
        super("key '" + key + "': " + text);
        int end = text.indexOf(' ');
        this.code = end < 0 ? text : text.substring(0, end);
    }

    /** The first word of the error, such as {@code WRONGTYPE}, {@code OOM} or {@code ERR}. */
    public String code() {
        return code;
    }
}
