package io.solaster.operator.apply;

import java.util.Map;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.solaster.config.plan.Fingerprint;
import org.jspecify.annotations.Nullable;

/** Names what pods are made from, in an annotation of theirs. Pure. */
public final class Revision {
    private static final int LENGTH = 10;
    private static final ObjectMapper SORTED = JsonMapper.builder()
            .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .annotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1;

                // Beans have an order of their own otherwise, which a later version of the client may change.
                @Override
                public String @Nullable [] findSerializationPropertyOrder(AnnotatedClass bean) {
                    return null;
                }
            }).build();

    private Revision() {}

    /** What a template is called; empty if it has no name. */
    public static String of(@Nullable PodTemplateSpec template) {
        ObjectMeta metadata = template == null ? null : template.getMetadata();
        Map<String, String> annotations = metadata == null ? null : metadata.getAnnotations();
        return annotations == null ? "" : annotations.getOrDefault(Names.REVISION, "");
    }

    /** What the pods of a workload are made from; null of other objects. */
    public static @Nullable PodTemplateSpec template(@Nullable HasMetadata object) {
        return switch (object) {
            case StatefulSet set -> set.getSpec().getTemplate();
            case Deployment deployment -> deployment.getSpec().getTemplate();
            case null, default -> null;
        };
    }

    /** A template with its name, which changes with all else that stands there; the same one if it has one. */
    public static PodTemplateSpec named(PodTemplateSpec template) {
        return !of(template).isEmpty()
                ? template
                : new PodTemplateSpecBuilder(template).editOrNewMetadata()
                        .addToAnnotations(Names.REVISION, checksum(template)).endMetadata().build();
    }

    /** Names the template of a workload that nobody else has yet. */
    static void name(HasMetadata object) {
        PodTemplateSpec template = template(object);
        if (template != null) {
            template.getMetadata().getAnnotations().put(Names.REVISION, checksum(template));
        }
    }

    private static String checksum(PodTemplateSpec template) {
        try {
            return Fingerprint.of(SORTED.writeValueAsString(template)).substring(0, LENGTH);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }
}
