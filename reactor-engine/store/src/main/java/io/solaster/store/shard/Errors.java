package io.solaster.store.shard;

import org.jspecify.annotations.Nullable;

/** Errors that several commands answer with, in Redis's words. */
public final class Errors {
    public static final String WRONG_TYPE = "WRONGTYPE Operation against a key holding the wrong kind of value";
    public static final String SYNTAX = "ERR syntax error";
    public static final String NOT_INTEGER = "ERR value is not an integer or out of range";
    public static final String NOT_FLOAT = "ERR value is not a valid float";
    public static final String NO_SUCH_KEY = "ERR no such key";
    public static final String NO_SUCH_DATABASE = "ERR DB index is out of range";
    public static final String WRONG_PASSWORD = "WRONGPASS invalid username-password pair or user is disabled.";
    public static final String CLIENT_NAME = "ERR Client names cannot contain spaces, newlines or special characters.";

    public static final String PATTERN_TOO_LONG = "ERR a pattern may have at most " + Glob.LONGEST + " bytes";

    private Errors() {}

    /** What is wrong with an argument that names a database; null for nothing: then {@link CommandCall#integer} is its number. */
    public static @Nullable String ofDatabase(CommandCall call, int argument) {
        if (!call.isInteger(argument)) {
            return NOT_INTEGER;
        }
        long number = call.integer();
        if (number != (int) number) {
            return "ERR value is out of range, value must between -2147483648 and 2147483647";
        }
        return call.shard().parts().hasDatabase(number) ? null : NO_SUCH_DATABASE;
    }

    /** What to answer where something was thrown. */
    public static String of(Throwable failure) {
        return failure instanceof OutOfMemoryError
                ? "OOM command not allowed: " + failure.getMessage()
                : "ERR internal error";
    }
}
