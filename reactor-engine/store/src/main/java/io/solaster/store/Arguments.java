package io.solaster.store;

import java.util.Collection;

/** Arguments of a command. */
final class Arguments {
    private Arguments() {}

    /** @throws IllegalArgumentException if there are none */
    static byte[][] of(Collection<String> texts) {
        byte[][] arguments = new byte[some(texts.size())][];
        int at = 0;
        for (String each : texts) {
            arguments[at++] = KeyCalls.bytes(each);
        }
        return arguments;
    }

    /** @throws IllegalArgumentException if there are none */
    static byte[][] some(byte[][] values) {
        some(values.length);
        return values;
    }

    static int some(int count) {
        if (count == 0) {
            throw new IllegalArgumentException("nothing is given; give one at least");
        }
        return count;
    }
}
