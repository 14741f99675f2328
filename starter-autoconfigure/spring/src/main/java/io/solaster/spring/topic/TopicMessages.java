package io.solaster.spring.topic;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

import org.jspecify.annotations.Nullable;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.support.GenericMessage;
import org.springframework.util.MimeType;

/**
 * Makes entries of messages whose payloads are bytes, and messages of entries. Headers are text, as everybody can read it; a
 * header of ours says which of them were numbers and the like. What is none of these is left out. Any thread.
 */
public final class TopicMessages {
    /** Names of headers with a letter for their type: {@code count:I,ok:Z}. */
    static final String TYPES = "solaster-types";

    private TopicMessages() {}

    /** The headers that a message is published with; the caller's. */
    public static Map<String, byte[]> headers(MessageHeaders from) {
        Map<String, byte[]> headers = new LinkedHashMap<>();
        StringBuilder types = new StringBuilder();
        from.forEach((name, value) -> {
            if (name.startsWith(TopicHeaders.PREFIX) || name.equals(TYPES) || name.equals(MessageHeaders.ID)
                    || name.equals(MessageHeaders.TIMESTAMP)) {
                return;
            }
            char type = type(value);
            if (type == 0) {
                return;
            }
            headers.put(name, type == 'B' ? (byte[]) value : value.toString().getBytes(UTF_8));
            if (type != 'S' && name.indexOf(',') < 0) {
                types.append(types.isEmpty() ? "" : ",").append(name).append(':').append(type);
            }
        });
        if (!types.isEmpty()) {
            headers.put(TYPES, types.toString().getBytes(UTF_8));
        }
        return headers;
    }

    /** Its code; 0 for what is no text. */
    private static char type(Object value) {
        return switch (value) {
            case String text -> 'S';
            case MimeType type -> 'S';
            case byte[] bytes -> 'B';
            case Integer number -> 'I';
            case Long number -> 'L';
            case Double number -> 'D';
            case Boolean flag -> 'Z';
            case UUID id -> 'U';
            default -> 0;
        };
    }

    /**
     * The bytes of a key.
     *
     * @throws IllegalArgumentException if it is nothing that a key can be
     */
    public static byte @Nullable [] key(@Nullable Object key) {
        return switch (key) {
            case null -> null;
            case byte[] bytes -> bytes;
            case CharSequence text -> text.toString().getBytes(UTF_8);
            case Number number -> number.toString().getBytes(UTF_8);
            case UUID id -> id.toString().getBytes(UTF_8);
            default -> throw new IllegalArgumentException("a key of " + key.getClass().getName()
                    + " is nothing that names a partition; give text, bytes, a number or a UUID");
        };
    }

    /** The message of an entry, with what is to be added to its headers. */
    public static Message<byte[]> message(byte @Nullable [] key, Map<String, byte[]> published, byte[] value,
            Map<String, Object> more) {
        Map<String, Object> headers = new LinkedHashMap<>();
        Map<String, Character> types = types(published.get(TYPES));
        published.forEach((name, text) -> {
            // Nobody who publishes says what is ours to say.
            if (!name.equals(TYPES) && !name.startsWith(TopicHeaders.PREFIX)) {
                headers.put(name, value(text, types.getOrDefault(name, 'S')));
            }
        });
        if (key != null) {
            headers.put(TopicHeaders.KEY, key);
        }
        headers.putAll(more);
        return new GenericMessage<>(value, headers);
    }

    private static Map<String, Character> types(byte @Nullable [] text) {
        Map<String, Character> types = new LinkedHashMap<>();
        if (text != null) {
            for (String each : new String(text, UTF_8).split(",", -1)) {
                int end = each.lastIndexOf(':');
                if (end > 0 && end == each.length() - 2) {
                    types.put(each.substring(0, end), each.charAt(end + 1));
                }
            }
        }
        return types;
    }

    /** Whoever published it may have written what it is not: that is text then. */
    private static Object value(byte[] value, char type) {
        String text = type == 'B' ? "" : new String(value, UTF_8);
        try {
            return switch (type) {
                case 'B' -> value;
                case 'I' -> Integer.valueOf(text);
                case 'L' -> Long.valueOf(text);
                case 'D' -> Double.valueOf(text);
                case 'Z' -> Boolean.valueOf(text);
                case 'U' -> UUID.fromString(text);
                default -> text;
            };
        } catch (IllegalArgumentException e) {
            return text;
        }
    }
}
