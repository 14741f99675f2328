package io.solaster.operator.client;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.core.util.JsonParserSequence;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.util.TokenBuffer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResource;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads each object by itself, so that one which cannot be read stands alone. All is read straight away first; only where
 * that fails, object by object. Any thread.
 */
final class TolerantSerialization extends KubernetesSerialization {
    private static final Logger LOG = LoggerFactory.getLogger(TolerantSerialization.class);
    private static final int LONGEST = 200;
    /** Less than what is too deep for an object, by what a list or an event has around it. */
    private static final int DEEP = TolerantReader.DEEPEST - 4;

    private static final Set<String> NAMES = Set.of("apiVersion", "kind");

    private final ObjectMapper straight;
    private final KubernetesSerialization strict;
    private final Predicate<HasMetadata> fields;

    private TolerantSerialization(ObjectMapper mapper, ObjectMapper straight, Predicate<HasMetadata> fields) {
        super(mapper, true);
        this.straight = straight;
        this.fields = fields;
        strict = new KubernetesSerialization(straight, true);
    }

    /** @param fields of which objects of lists and watches it is kept who has set which field */
    static TolerantSerialization make(Predicate<HasMetadata> fields) {
        // An API server takes more than Jackson does by default, and what is beyond that would end a list within an object.
        // What is nested too deep for us is found object by object.
        ObjectMapper mapper = new ObjectMapper(JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(100_000)
                        .maxNameLength(Integer.MAX_VALUE).build())
                .build());
        mapper.addMixIn(Quantity.class, BoundedQuantity.Bounded.class);
        mapper.registerModule(new SimpleModule("tolerant").setDeserializerModifier(new EachByItself()));
        ObjectMapper straight = new ObjectMapper(JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEEP).build()).build());
        straight.addMixIn(Quantity.class, BoundedQuantity.Bounded.class);
        straight.registerModule(new SimpleModule("shared").addDeserializer(String.class, new SharedStrings()));
        return new TolerantSerialization(mapper, straight, fields);
    }

    private static final class EachByItself extends BeanDeserializerModifier {
        private static final long serialVersionUID = 1;

        @Override
        public JsonDeserializer<?> modifyDeserializer(DeserializationConfig config, BeanDescription description,
                JsonDeserializer<?> deserializer) {
            return HasMetadata.class.isAssignableFrom(description.getBeanClass())
                    ? new TolerantReader(deserializer)
                    : deserializer;
        }
    }

    @Override
    public void registerKubernetesResource(Class<? extends KubernetesResource> kind) {
        super.registerKubernetesResource(kind);
        strict.registerKubernetesResource(kind);
    }

    @Override
    public void registerKubernetesResource(String apiVersion, String kind,
            Class<? extends KubernetesResource> type) {
        super.registerKubernetesResource(apiVersion, kind, type);
        strict.registerKubernetesResource(apiVersion, kind, type);
    }

    @Override
    public <T> T unmarshal(InputStream text, TypeReference<T> type) {
        if (!(text instanceof ByteArrayInputStream bytes)) {
            return lean(super.unmarshal(text, type));
        }
        try {
            T read = strict.unmarshal(text, type);
            if (whole(read)) {
                return lean(read);
            }
        } catch (KubernetesClientException | IllegalArgumentException e) {
            // What that was is found object by object.
        }
        // It was not marked, so that this is its beginning.
        bytes.reset();
        return lean(super.unmarshal(text, type));
    }

    @Override
    public <T> T clone(T object) {
        try {
            return strict.clone(object);
        } catch (IllegalStateException e) {
            return super.clone(object);
        }
    }

    /** Whether nothing is missing that is always there. */
    private static boolean whole(@Nullable Object read) {
        return switch (read) {
            case null -> false;
            case KubernetesResourceList<?> list ->
                list.getItems() != null && list.getItems().stream().allMatch(TolerantSerialization::whole);
            case WatchEvent event -> whole(event.getObject());
            case HasMetadata object -> TolerantReader.complete(object);
            default -> true;
        };
    }

    /**
     * Who has set which field is as long as an object itself. Caches hold what comes by lists and watches, and have it only
     * where it is asked for.
     */
    private <T> T lean(T read) {
        if (read instanceof KubernetesResourceList<?> list && list.getItems() != null) {
            list.getItems().forEach(this::drop);
        } else if (read instanceof WatchEvent event) {
            drop(event.getObject());
        }
        return read;
    }

    private void drop(@Nullable Object read) {
        if (read instanceof HasMetadata object && object.getMetadata() != null
                && object.getMetadata().getManagedFields() != null && !fields.test(object)) {
            object.getMetadata().setManagedFields(List.of());
        }
    }

    /**
     * A watch that reads what is no event, such as half a line, would end for good, and its informer with it: it is told
     * instead that its version is gone, so that all objects are listed anew.
     */
    @Override
    public <T> T unmarshal(String text, Class<T> type) {
        if (type != WatchEvent.class) {
            return super.unmarshal(text, type);
        }
        String why;
        try {
            WatchEvent event = event(text);
            if (event == null) {
                event = super.unmarshal(text, WatchEvent.class);
            }
            if (event != null && event.getType() != null
                    && (event.getObject() instanceof HasMetadata || event.getObject() instanceof Status)) {
                return type.cast(lean(event));
            }
            why = "it has no object";
        } catch (KubernetesClientException | IllegalArgumentException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            why = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
        }
        LOG.warn("A watch told what is no event ({}), and all is listed anew: {}", why,
                text.substring(0, Math.min(LONGEST, text.length())));
        Status gone = new StatusBuilder().withCode(HttpURLConnection.HTTP_GONE).withReason("Expired")
                .withMessage("a watch told what is no event").build();
        return type.cast(new WatchEvent(gone, "ERROR"));
    }

    /** An event as API servers write it, the kind before the rest of the object; null if it is anything else. */
    private @Nullable WatchEvent event(String text) {
        try (JsonParser parser = straight.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT || !"type".equals(parser.nextFieldName())) {
                return null;
            }
            String type = parser.nextTextValue();
            if (type == null || !"object".equals(parser.nextFieldName())
                    || parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            Map<String, String> names = new HashMap<>();
            try (TokenBuffer begin = new TokenBuffer(parser)) {
                begin.writeStartObject();
                while (names.size() < NAMES.size()) {
                    String key = parser.nextFieldName();
                    String value = key == null || !NAMES.contains(key) ? null : parser.nextTextValue();
                    if (value == null) {
                        return null;
                    }
                    names.put(key, value);
                    begin.writeStringField(key, value);
                }
                Class<? extends KubernetesResource> kind = strict
                        .getRegisteredKubernetesResource(names.get("apiVersion"), names.get("kind"));
                if (kind == null) {
                    return null;
                }
                JsonParser whole = JsonParserSequence.createFlattened(false, begin.asParser(parser), parser);
                whole.nextToken();
                KubernetesResource object = straight.readValue(whole, kind);
                boolean ended = parser.nextToken() == JsonToken.END_OBJECT && parser.nextToken() == null;
                return ended && whole(object) ? new WatchEvent(object, type) : null;
            }
        } catch (IOException e) {
            return null;
        }
    }
}
