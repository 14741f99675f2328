package io.solaster.operator.command;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.PropertyBindingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import io.solaster.operator.api.ShardedService;
import io.solaster.operator.api.TopologyProfile;
import io.solaster.operator.inventory.ClusterObjects;
import io.solaster.operator.inventory.InvalidObjectException;

/**
 * Objects from files, as {@code kubectl get … -o yaml} or {@code -o json} prints them: any kind in any file, lists and
 * several documents too. Kinds that a plan has no use for are passed over. For one thread.
 */
final class Documents {
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final ObjectMapper LENIENT = new ObjectMapper()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    private static final ObjectMapper STRICT = new ObjectMapper();

    private final List<Node> nodes = new ArrayList<>();
    private final List<Pod> pods = new ArrayList<>();
    private final List<GenericKubernetesResource> topologies = new ArrayList<>();
    private final List<ResourceSlice> slices = new ArrayList<>();
    private final List<ResourceClaim> claims = new ArrayList<>();
    private final List<TopologyProfile> profiles = new ArrayList<>();
    private final List<ShardedService> services = new ArrayList<>();
    private boolean podsKnown;
    private boolean claimsKnown;

    /**
     * Reads a file.
     *
     * @param whole the kind that the file is to have all of, such as Pod: then none of it means that there are none
     * @throws InvalidObjectException naming the file or object, what is wrong and the fix
     */
    void read(Path file, String whole) {
        String text;
        try {
            text = Files.readString(file);
        } catch (NoSuchFileException e) {
            throw new InvalidObjectException(file.toString(), "there is no such file; give the path of one");
        } catch (IOException e) {
            throw new InvalidObjectException(file.toString(), "cannot be read: " + e.getMessage());
        }
        int before = services.size();
        try (var documents = YAML.readerFor(JsonNode.class).<JsonNode>readValues(text)) {
            while (documents.hasNextValue()) {
                add(file.toString(), documents.nextValue());
            }
        } catch (JacksonException e) {
            JsonLocation at = e.getLocation();
            throw new InvalidObjectException(file + (at == null ? "" : ":" + at.getLineNr()),
                    "is no YAML: " + e.getOriginalMessage().lines().findFirst().orElse("") + "; mend that line");
        } catch (IOException e) {
            throw new InvalidObjectException(file.toString(), "cannot be read: " + e.getMessage());
        }
        podsKnown |= whole.equals("Pod");
        if (whole.equals("ShardedService") && services.size() == before) {
            throw new InvalidObjectException(file.toString(),
                    "has no ShardedService; give one with apiVersion solaster.io/v1alpha1");
        }
    }

    private void add(String file, JsonNode object) {
        if (object.isNull() || object.isMissingNode()) {
            return;
        }
        String kind = object.path("kind").asText();
        if (kind.isEmpty()) {
            throw new InvalidObjectException(file, "has an object without 'kind'; give objects of Kubernetes");
        }
        if (kind.endsWith("List") && object.path("items").isArray()) {
            // kubectl says List, the API says NodeList.
            podsKnown |= kind.equals("PodList");
            claimsKnown |= kind.equals("ResourceClaimList");
            object.path("items").forEach(item -> {
                if (item.isObject() && item.path("kind").isMissingNode()) {
                    ((ObjectNode) item).put("kind",
                            kind.substring(0, kind.length() - "List".length()));
                }
                add(file, item);
            });
            return;
        }
        switch (kind) {
            case "Node" -> nodes.add(convert(LENIENT, object, Node.class));
            case "Pod" -> {
                podsKnown = true;
                pods.add(convert(LENIENT, object, Pod.class));
            }
            case "NodeResourceTopology" -> topologies.add(convert(LENIENT, object, GenericKubernetesResource.class));
            case "ResourceSlice" -> slices.add(convert(LENIENT, object, ResourceSlice.class));
            case "ResourceClaim" -> {
                claimsKnown = true;
                claims.add(convert(LENIENT, object, ResourceClaim.class));
            }
            case "TopologyProfile" -> profiles.add(convert(STRICT, object, TopologyProfile.class));
            case "ShardedService" -> services.add(convert(STRICT, object, ShardedService.class));
            default -> {
            }
        }
    }

    private static <T> T convert(ObjectMapper mapper, JsonNode object, Class<T> type) {
        JsonNode name = object.path("metadata").path("name");
        JsonNode namespace = object.path("metadata").path("namespace");
        String named = type.getSimpleName() + " "
                + (namespace.isMissingNode() ? "" : namespace.asText() + "/") + name.asText();
        if (name.isMissingNode()) {
            throw new InvalidObjectException(type.getSimpleName(), "metadata.name is missing; give it one");
        }
        try {
            return mapper.treeToValue(object, type);
        } catch (PropertyBindingException e) {
            throw new InvalidObjectException(named, path(e) + " is unknown; write one of "
                    + (e.getKnownPropertyIds() == null
                            ? ""
                            : e.getKnownPropertyIds().stream().map(String::valueOf).sorted()
                                    .collect(Collectors.joining(", "))));
        } catch (InvalidFormatException e) {
            Object[] choices = e.getTargetType() == null ? null : e.getTargetType().getEnumConstants();
            throw new InvalidObjectException(named, path(e) + ": '" + e.getValue() + "' "
                    + (choices == null
                            ? "cannot be read; write a value of that key's kind"
                            : "is unknown; write one of "
                                    + Arrays.stream(choices).map(String::valueOf).collect(Collectors.joining(", "))));
        } catch (JsonMappingException e) {
            throw new InvalidObjectException(named, path(e) + " cannot be read: "
                    + e.getOriginalMessage().lines().findFirst().orElse("") + "; mend it");
        } catch (JacksonException e) {
            throw new InvalidObjectException(named, "cannot be read: " + e.getOriginalMessage());
        }
    }

    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference part : e.getPath()) {
            path.append(part.getFieldName() == null
                    ? "[" + part.getIndex() + "]"
                    : (path.isEmpty() ? "" : ".") + part.getFieldName());
        }
        return path.toString();
    }

    /** @param empty whether nodes run nothing that was not given */
    ClusterObjects objects(boolean empty) {
        return new ClusterObjects(nodes, podsKnown || empty ? pods : null, topologies, slices,
                claimsKnown || empty ? claims : null, profiles);
    }

    List<ShardedService> services() {
        return services;
    }
}
