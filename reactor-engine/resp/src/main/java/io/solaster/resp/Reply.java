package io.solaster.resp;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

import org.jspecify.annotations.Nullable;

/** A reply as a client sees it. Immutable, but for the bytes of a {@link Blob}; any thread may use it. */
public sealed interface Reply {
    /** A status such as {@code OK}. */
    record Status(String text) implements Reply {}

    /** An error. Its text begins with a code such as {@code ERR}. */
    record Failure(String text) implements Reply {}

    /** A 64-bit integer. */
    record Whole(long value) implements Reply {}

    /** An integer of any size. */
    record Big(BigInteger value) implements Reply {}

    /** A number with a fraction, infinite, or none at all. */
    record Fraction(double value) implements Reply {}

    /** True or false. */
    record Truth(boolean value) implements Reply {}

    /** Nothing: RESP3's null, RESP2's null string and null array. */
    record Nothing() implements Reply {}

    /** A text that says its format in three characters, such as {@code txt}. */
    record Verbatim(String format, Blob content) implements Reply {}

    /** Replies within a reply. A map's are keys and values in turn. */
    record Aggregate(Kind kind, List<Reply> elements) implements Reply {
        public Aggregate {
            elements = List.copyOf(elements);
        }
    }

    /** What an {@link Aggregate} is; a push answers no request. */
    enum Kind {
        ARRAY, SET, MAP, PUSH
    }

    /** A string of bytes. */
    final class Blob implements Reply {
        private final byte[] bytes;

        /** Takes the array over: whoever changes it changes the reply. */
        public Blob(byte[] bytes) {
            this.bytes = bytes;
        }

        /** The bytes themselves, not a copy. */
        public byte[] bytes() {
            return bytes;
        }

        /** The bytes as UTF-8. */
        public String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Blob that && Arrays.equals(bytes, that.bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return "Blob[" + text() + "]";
        }
    }
}
