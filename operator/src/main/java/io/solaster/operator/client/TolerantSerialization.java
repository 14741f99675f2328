package io.solaster.operator.client;

import java.net.HttpURLConnection;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.BeanDescription;
import com.fasterxml.jackson.databind.DeserializationConfig;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.deser.BeanDeserializerModifier;
import com.fasterxml.jackson.databind.module.SimpleModule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.api.model.WatchEvent;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads each object by itself, so that one which cannot be read stands alone. Any thread. */
final class TolerantSerialization extends KubernetesSerialization {
    private static final Logger LOG = LoggerFactory.getLogger(TolerantSerialization.class);
    private static final int LONGEST = 200;

    private TolerantSerialization(ObjectMapper mapper) {
        super(mapper, true);
    }

    static TolerantSerialization make() {
        // An API server takes more than Jackson does by default, and what is beyond that would end a list within an object.
        // What is nested too deep for us is found object by object.
        ObjectMapper mapper = new ObjectMapper(JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(100_000)
                        .maxNameLength(Integer.MAX_VALUE).build())
                .build());
        mapper.addMixIn(Quantity.class, BoundedQuantity.Bounded.class);
        mapper.registerModule(new SimpleModule("tolerant").setDeserializerModifier(new EachByItself()));
        return new TolerantSerialization(mapper);
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
            WatchEvent event = super.unmarshal(text, WatchEvent.class);
            if (event != null && event.getType() != null
                    && (event.getObject() instanceof HasMetadata || event.getObject() instanceof Status)) {
                return type.cast(event);
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
}
