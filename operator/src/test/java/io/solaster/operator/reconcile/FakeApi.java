package io.solaster.operator.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;

/**
 * Fabric8's API server of the tests, and what it lacks: server-side apply with one manager, with a few defaults filled
 * in; merge patches that remove; a review that allows all. It can fail on demand and be restarted with all it has.
 */
final class FakeApi implements AutoCloseable {
    private static final YAMLMapper YAML = new YAMLMapper();

    private final Dispatcher dispatcher = new Dispatcher();
    private KubernetesMockServer server;

    FakeApi() {
        start(0);
    }

    private void start(int port) {
        server = new KubernetesMockServer(new Context(new ObjectMapper()), new MockWebServer(),
                new HashMap<>(), dispatcher, false);
        server.init(InetAddress.getLoopbackAddress(), port);
    }

    /** @param agent the name that its requests are known by */
    KubernetesClient client(String agent) {
        return client(agent, server.getPort());
    }

    /** @param port where it is, or something between it and the client */
    static KubernetesClient client(String agent, int port) {
        Config config = new ConfigBuilder(Config.empty()).withMasterUrl("http://localhost:" + port + "/")
                .withNamespace("shop").withUserAgent(agent).withWatchReconnectInterval(50)
                .withRequestRetryBackoffLimit(0).build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /** All connections break, and all watches with them. */
    void restart() {
        int port = server.getPort();
        server.destroy();
        start(port);
    }

    /** Answers a request with a status of its own; null to let it pass. */
    void failing(Function<RecordedRequest, Integer> failure) {
        dispatcher.failure = failure;
    }

    /** What the operator has asked, the same things once: method, path, whether it watched. */
    Set<String> asked() {
        return dispatcher.asked;
    }

    /** What the operator has done: verb, group and resource. */
    Set<String> verbs() {
        return Asked.verbs(asked());
    }

    @Override
    public void close() {
        try {
            server.destroy();
        } catch (RuntimeException e) {
            // It waits for watches that their clients have left; what is left of it harms no other test.
        }
    }

    private static final class Dispatcher extends KubernetesCrudDispatcher {
        final Set<String> asked = ConcurrentHashMap.newKeySet();
        volatile Function<RecordedRequest, Integer> failure = request -> null;
        private final Map<String, JsonNode> applied = new ConcurrentHashMap<>();

        @Override
        public MockResponse dispatch(RecordedRequest request) {
            if ("operator".equals(request.getHeader("User-Agent"))) {
                asked.add(request.method() + " " + request.getPath().replaceAll("[?].*", "")
                        + (request.getPath().contains("watch=true") ? " watch" : ""));
            }
            Integer status = failure.apply(request);
            if (status != null) {
                return new MockResponse().setResponseCode(status).setBody(
                        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"message\":\"made to fail\",\"code\":"
                                + status + "}");
            }
            if (request.getPath().equals("/version")) {
                return new MockResponse().setResponseCode(200).setBody("""
                        {"major":"1","minor":"36","gitVersion":"v1.36.0"}""");
            }
            if (request.getPath().contains("selfsubjectrulesreviews")) {
                return new MockResponse().setResponseCode(201).setBody("""
                        {"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","status":{
                        "incomplete":false,"nonResourceRules":[],
                        "resourceRules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}}""");
            }
            return super.dispatch(request);
        }

        @Override
        public MockResponse handlePatch(RecordedRequest request) {
            String type = String.valueOf(request.getHeader("Content-Type"));
            if (type.startsWith("application/apply-patch")) {
                return again(() -> apply(request));
            }
            if (type.startsWith("application/merge-patch")) {
                return again(() -> merge(request));
            }
            return super.handlePatch(request);
        }

        private interface Attempt {
            MockResponse run();
        }

        /** What was read is written back, unless another write came between. */
        private static MockResponse again(Attempt attempt) {
            MockResponse response = attempt.run();
            for (int i = 0; i < 10 && response.code() == 409; i++) {
                response = attempt.run();
            }
            return response;
        }

        private MockResponse apply(RecordedRequest request) {
            String path = request.getPath().replaceAll("[?].*", "");
            ObjectNode wanted = tree(request.getBody().getBytes());
            MockResponse there = handleGet(path);
            JsonNode before = applied.put(path, wanted.deepCopy());
            if (there.code() == 404) {
                defaults(wanted);
                return handleCreate(new RecordedRequest("HTTP/1.1", HttpMethod.POST,
                        path.substring(0, path.lastIndexOf('/')), Headers.builder().build(), buffer(wanted)));
            }
            ObjectNode live = tree(new String(there.getBody().getBytes(), UTF_8));
            ObjectNode now = live.deepCopy();
            if (before != null) {
                remove(now, before, wanted);
            }
            overlay(now, wanted);
            defaults(now);
            if (now.equals(live)) {
                return there;
            }
            return handleUpdate(new RecordedRequest("HTTP/1.1", HttpMethod.PUT, path, Headers.builder().build(),
                    buffer(now)));
        }

        private MockResponse merge(RecordedRequest request) {
            String path = request.getPath().replaceAll("[?].*", "");
            MockResponse there = handleGet(path);
            if (there.code() == 404) {
                return there;
            }
            ObjectNode now = tree(new String(there.getBody().getBytes(), UTF_8));
            overlay(now, tree(request.getBody().getBytes()));
            return handleUpdate(new RecordedRequest("HTTP/1.1", HttpMethod.PUT, path, Headers.builder().build(),
                    buffer(now)));
        }

        /** What was applied before and is not any more goes. */
        private static void remove(ObjectNode live, JsonNode before, JsonNode wanted) {
            before.properties().forEach(field -> {
                JsonNode now = wanted.get(field.getKey());
                if (now == null) {
                    live.remove(field.getKey());
                } else if (field.getValue().isObject() && live.get(field.getKey()) instanceof ObjectNode child) {
                    remove(child, field.getValue(), now);
                }
            });
        }

        private static void overlay(ObjectNode live, JsonNode wanted) {
            wanted.properties().forEach(field -> {
                if (field.getValue().isNull()) {
                    live.remove(field.getKey());
                } else if (field.getValue().isObject() && live.get(field.getKey()) instanceof ObjectNode child) {
                    overlay(child, field.getValue());
                } else {
                    live.set(field.getKey(), field.getValue());
                }
            });
        }

        /** A few of those that an API server fills in. */
        private static void defaults(ObjectNode object) {
            String kind = object.path("kind").asText();
            if (kind.equals("Service") && !object.at("/spec").has("clusterIP")) {
                ((ObjectNode) object.get("spec")).put("clusterIP", "10.0.0.1").put("sessionAffinity", "None");
            }
            if (object.at("/spec/template/spec") instanceof ObjectNode pod) {
                pod.put("dnsPolicy", "ClusterFirst").put("restartPolicy", "Always");
                pod.get("containers").forEach(container -> ((ObjectNode) container)
                        .put("terminationMessagePath", "/dev/termination-log").put("imagePullPolicy", "IfNotPresent"));
            }
        }

        private static ObjectNode tree(String text) {
            return tree(text.getBytes(UTF_8));
        }

        private static ObjectNode tree(byte[] text) {
            try {
                return (ObjectNode) YAML.readTree(text);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static Buffer buffer(JsonNode node) {
            return new Buffer(node.toString().getBytes(UTF_8));
        }
    }
}
