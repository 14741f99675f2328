package io.solaster.spring.topic;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

import org.jspecify.annotations.Nullable;
import org.springframework.messaging.converter.ByteArrayMessageConverter;
import org.springframework.messaging.converter.CompositeMessageConverter;
import org.springframework.messaging.converter.JacksonJsonMessageConverter;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.converter.StringMessageConverter;
import org.springframework.util.ClassUtils;
import org.springframework.util.MimeType;

/** The converters unless the application has its own: bytes as they are, text as UTF-8, all else as JSON, where Jackson is there. */
public final class TopicConverters {
    private static final boolean JACKSON = ClassUtils.isPresent("tools.jackson.databind.json.JsonMapper",
            TopicConverters.class.getClassLoader());

    private TopicConverters() {}

    /** Made anew, with a mapper of its own. */
    public static MessageConverter defaults() {
        return over(JACKSON ? new JacksonJsonMessageConverter() : null);
    }

    /**
     * Made anew.
     *
     * @param json what makes JSON of all else; null where nothing does
     */
    public static MessageConverter over(@Nullable MessageConverter json) {
        List<MessageConverter> all = new ArrayList<>(List.of(new Bytes(), new Text()));
        if (json != null) {
            all.add(json);
        }
        return new CompositeMessageConverter(all);
    }

    /** Whatever its content is said to be: bytes are bytes. */
    private static final class Bytes extends ByteArrayMessageConverter {
        Bytes() {
            addSupportedMimeTypes(new MimeType("*", "*"));
        }
    }

    /** JSON is text for whoever wants text. */
    private static final class Text extends StringMessageConverter {
        Text() {
            super(StandardCharsets.UTF_8);
            addSupportedMimeTypes(new MimeType("*", "*"));
        }
    }
}
