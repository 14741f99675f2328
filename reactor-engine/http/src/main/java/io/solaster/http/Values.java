package io.solaster.http;

import java.util.Arrays;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Collectors;

import org.jspecify.annotations.Nullable;

/** What clients write, as what handlers want. What is wrong is refused with 400, naming parameter and value. */
final class Values {
    static final String PATH = "path parameter";
    static final String QUERY = "query parameter";
    static final String FIELD = "field";
    private static final int UUID_LENGTH = 36;
    private static final int LONGEST_SHOWN = 100;

    private Values() {}

    static String required(String what, String name, @Nullable String value) {
        if (value == null) {
            throw Escapes.bad(what + " '" + name + "' is missing");
        }
        return value;
    }

    static int toInt(String what, String name, String value) {
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw wrong(what, name, value, "a whole number from " + Integer.MIN_VALUE + " to " + Integer.MAX_VALUE);
        }
    }

    static long toLong(String what, String name, String value) {
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw wrong(what, name, value, "a whole number of 64 bits");
        }
    }

    static UUID toUuid(String what, String name, String value) {
        try {
            if (value.length() == UUID_LENGTH) { // the JDK takes shorter ones too
                return UUID.fromString(value);
            }
        } catch (IllegalArgumentException e) {
            // told below
        }
        throw wrong(what, name, value, "a UUID");
    }

    static <E extends Enum<E>> E toEnum(String what, String name, String value, Class<E> type) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().replace('_', '-').equalsIgnoreCase(value.replace('_', '-'))) {
                return constant;
            }
        }
        throw wrong(what, name, value, "one of " + Arrays.stream(type.getEnumConstants())
                .map(constant -> constant.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .collect(Collectors.joining(", ")));
    }

    private static HttpException wrong(String what, String name, String value, String wanted) {
        String shown = value.length() > LONGEST_SHOWN ? value.substring(0, LONGEST_SHOWN) + "…" : value;
        return Escapes.bad(what + " '" + name + "': '" + shown + "' is not " + wanted);
    }
}
