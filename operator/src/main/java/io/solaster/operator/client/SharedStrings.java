package io.solaster.operator.client;

import java.io.IOException;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdScalarDeserializer;
import com.fasterxml.jackson.databind.deser.std.StringDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the same text as the same string, as far as it was read a short while ago: most of what stands in the objects of
 * services stands in those of each of them. It remembers so many and no more. Any thread: one that another replaces at the
 * same time is read once more.
 */
final class SharedStrings extends StdScalarDeserializer<String> {
    private static final long serialVersionUID = 1;
    private static final int REMEMBERED = 1 << 12;
    private static final int LONGEST = 512;

    private final transient @Nullable String[] read = new @Nullable String[REMEMBERED];

    SharedStrings() {
        super(String.class);
    }

    @Override
    public @Nullable String deserialize(JsonParser parser, DeserializationContext context) throws IOException {
        if (!parser.hasToken(JsonToken.VALUE_STRING)) {
            return StringDeserializer.instance.deserialize(parser, context);
        }
        String text = parser.getText();
        if (text.length() > LONGEST) {
            return text;
        }
        int hash = text.hashCode();
        int place = (hash ^ hash >>> 12) & REMEMBERED - 1;
        String before = read[place];
        if (text.equals(before)) {
            return before;
        }
        read[place] = text;
        return text;
    }
}
