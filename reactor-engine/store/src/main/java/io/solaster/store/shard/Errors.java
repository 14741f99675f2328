package io.solaster.store.shard;

/** Errors that several commands answer with, in Redis's words. */
public final class Errors {
    public static final String WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    public static final String SYNTAX = "ERR syntax error";
    public static final String NOT_INTEGER = "ERR value is not an integer or out of range";
    public static final String NOT_FLOAT = "ERR value is not a valid float";
    public static final String NO_SUCH_KEY = "ERR no such key";
    public static final String WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
    public static final String CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";

    public static final String PATTERN_TOO_LONG = "ERR a pattern may have at most " + Glob.LONGEST + " bytes";

    private Errors() {}

    /** What to answer where something was thrown. */
    public static String of(Throwable failure) {
        return failure instanceof OutOfMemoryError
                ? "OOM command not allowed: " + failure.getMessage()
                : "ERR internal error";
    }
}
