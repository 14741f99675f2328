package io.solaster.operator.reconcile;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.zjsonpatch.JsonPatch;

/**
 * A small API server that keeps what it has through restarts, and a history that watches go on from, as long as it
 * reaches back: then they are told that their version is gone. Server-side apply with managers of fields and preconditions,
 * JSON and merge patches, status apart from spec, generations, conflicts, finalizers, label selectors, what goes with its
 * owner. It validates hardly anything: see {@link Validation}.
 */
final class MemoryApi implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final Pattern PATH = Pattern.compile("/(?:api/(v1)|apis/([^/]+/[^/]+))"
            + "(?:/namespaces/([^/]+)(?=/[^/]+(?:/|$)))?/([^/]+)(?:/([^/]+))?(?:/(status|scale))?");

    private static final Set<String> OF_THE_CLUSTER = Set.of("nodes", "namespaces", "topologyprofiles",
            "noderesourcetopologies", "resourceslices");

    /** A change, as watches see it. */
    private record Change(long version, String kind, String namespace, String type, ObjectNode object,
            ObjectNode before) {

        /** What who selects some of the objects sees; null if nothing. */
        String typeFor(Map<String, String> query) {
            boolean now = selected(object, query);
            if (!type.equals("MODIFIED")) {
                return now ? type : null;
            }
            boolean was = selected(before, query);
            return now ? was ? type : "ADDED" : was ? "DELETED" : null;
        }
    }

    private final int historyLength;
    private final Map<String, String> kinds = new ConcurrentHashMap<>();
    private final Set<String> asked = ConcurrentHashMap.newKeySet();
    private final Map<String, TreeMap<String, ObjectNode>> objects = new HashMap<>();
    private final Map<String, FieldManagers> managers = new HashMap<>();
    /** The uids of objects that are no more. */
    private final Set<String> ended = new HashSet<>();
    private final List<Change> history = new ArrayList<>();
    private long forgotten;
    private String held = "";
    private Predicate<String> omitted = key -> false;
    private final Map<String, List<String>> said = new HashMap<>();
    private long version = 1;
    private final AtomicLong writes = new AtomicLong();
    private final AtomicLong requests = new AtomicLong();
    private volatile Function<HttpExchange, Integer> failure = exchange -> null;
    private HttpServer server;
    private volatile boolean closed;

    /** @param historyLength how many changes watches can go back */
    MemoryApi(int historyLength) {
        this.historyLength = historyLength;
        for (String kind : List.of("v1 nodes Node", "v1 pods Pod", "v1 configmaps ConfigMap", "v1 services Service",
                "v1 events Event", "v1 persistentvolumeclaims PersistentVolumeClaim", "v1 namespaces Namespace",
                "apps/v1 statefulsets StatefulSet",
                "apps/v1 deployments Deployment", "policy/v1 poddisruptionbudgets PodDisruptionBudget",
                "networking.k8s.io/v1 networkpolicies NetworkPolicy", "coordination.k8s.io/v1 leases Lease",
                "solaster.io/v1alpha1 shardedservices ShardedService",
                "solaster.io/v1alpha1 topologyprofiles TopologyProfile")) {
            String[] words = kind.split(" ");
            kinds.put(words[0] + "/" + words[1], words[2]);
        }
        start(0);
    }

    private void start(int port) {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::answer);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    /** @param agent the name that its requests are known by */
    KubernetesClient client(String agent) {
        return client(agent, port());
    }

    /** @param port where it is, or something between it and the client */
    static KubernetesClient client(String agent, int port) {
        Config config = new ConfigBuilder(Config.empty()).withMasterUrl("http://localhost:" + port + "/")
                .withNamespace("shop").withUserAgent(agent).withWatchReconnectInterval(50)
                .withRequestRetryBackoffLimit(0).build();
        return OperatorProcess.client(config);
    }

    /** Has another kind from now on. */
    void know(String collection, String kind) {
        kinds.put(collection, kind);
    }

    /** Has a kind no more, nor objects of it. */
    synchronized void unlearn(String collection) {
        kinds.remove(collection);
        objects.remove(collection);
    }

    /** What the operator has asked, the same things once: method, path, whether it watched. */
    Set<String> asked() {
        return asked;
    }

    /** What the operator has done: verb, group and resource. */
    Set<String> verbs() {
        return Asked.verbs(asked);
    }

    /** How many objects there are of a kind. */
    synchronized int count(String collection) {
        return objects.getOrDefault(collection, new TreeMap<>()).size();
    }

    /** An object as it is, not to be changed; null if it is not there. */
    synchronized JsonNode peek(String collection, String key) {
        return objects.getOrDefault(collection, new TreeMap<>()).get(key);
    }

    /** How many requests there were. */
    long requests() {
        return requests.get();
    }

    /** How many writes have changed something. */
    long writes() {
        return writes.get();
    }

    /** Answers a request with a status of its own; null to let it pass. */
    void failing(Function<HttpExchange, Integer> status) {
        failure = status;
    }

    /** All connections break; it is away until it is back at the same port. */
    int away() {
        int port = port();
        server.stop(0);
        synchronized (this) {
            notifyAll();
        }
        return port;
    }

    void back(int port) {
        start(port);
    }

    /** All connections break, and all watches with them. */
    void restart() {
        back(away());
    }

    /** Tells watches of a collection nothing any more, until it is another one or "". */
    synchronized void hold(String collection) {
        held = collection;
        notifyAll();
    }

    /** Leaves objects out of lists, by collection and namespace/name. */
    synchronized void omit(Predicate<String> which) {
        omitted = which;
    }

    /** Tells all watches of a collection a line, whatever that is. */
    synchronized void say(String collection, String line) {
        said.computeIfAbsent(collection, key -> new ArrayList<>()).add(line);
        notifyAll();
    }

    /** Forgets its history: all watches have to begin anew. */
    synchronized void forget() {
        history.clear();
        // Also one that listed after the last change.
        forgotten = ++version;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            respond(exchange);
        }
    }

    private void respond(HttpExchange exchange) throws IOException {
        try {
            requests.incrementAndGet();
            Integer status = failure.apply(exchange);
            if (status != null) {
                failed(exchange, status, "made to fail");
                return;
            }
            Map<String, String> query = query(exchange);
            String path = exchange.getRequestURI().getPath();
            if ("operator".equals(exchange.getRequestHeaders().getFirst("User-Agent"))) {
                asked.add(exchange.getRequestMethod() + " " + path + (query.containsKey("watch") ? " watch" : ""));
            }
            if (path.equals("/version")) {
                send(exchange, 200, "{\"major\":\"1\",\"minor\":\"36\",\"gitVersion\":\"v1.36.0\"}");
            } else if (path.contains("selfsubject")) {
                send(exchange, 201, """
                        {"kind":"SelfSubjectRulesReview","apiVersion":"authorization.k8s.io/v1","status":{
                        "incomplete":false,"nonResourceRules":[],
                        "resourceRules":[{"apiGroups":["*"],"resources":["*"],"verbs":["*"]}]}}""");
            } else if (path.matches("/api/v1|/apis/[^/]+/[^/]+")) {
                discover(exchange, path.replaceFirst("/apis?/", ""));
            } else if ("websocket".equalsIgnoreCase(exchange.getRequestHeaders().getFirst("Upgrade"))) {
                // The client goes on by plain HTTP.
                send(exchange, 200, "");
            } else {
                Matcher match = PATH.matcher(path);
                if (!match.matches()) {
                    failed(exchange, 404, "no path " + path);
                    return;
                }
                String collection = (match.group(1) == null ? match.group(2) : match.group(1)) + "/" + match.group(4);
                if (!kinds.containsKey(collection)) {
                    failed(exchange, 404, "no kind " + collection);
                    return;
                }
                serve(exchange, query, collection, match.group(3) == null ? "" : match.group(3), match.group(5),
                        match.group(6) != null);
            }
        } catch (Validation.Refused e) {
            send(exchange, e.code(), e.status().toString());
        } catch (RuntimeException e) {
            failed(exchange, 500, e.toString());
        }
    }

    private void discover(HttpExchange exchange, String group) throws IOException {
        ObjectNode list = JSON.createObjectNode().put("kind", "APIResourceList").put("apiVersion", "v1")
                .put("groupVersion", group);
        ArrayNode resources = list.putArray("resources");
        kinds.forEach((collection, kind) -> {
            if (collection.startsWith(group + "/")) {
                String plural = collection.substring(group.length() + 1);
                resources.addObject().put("name", plural).put("kind", kind)
                        .put("namespaced", !OF_THE_CLUSTER.contains(plural)).putArray("verbs");
            }
        });
        if (resources.isEmpty()) {
            failed(exchange, 404, "no group " + group);
        } else {
            send(exchange, 200, list.toString());
        }
    }

    private void serve(HttpExchange exchange, Map<String, String> query, String collection, String namespace,
            String name, boolean status) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String method = exchange.getRequestMethod();
        if (method.equals("GET") && "true".equals(query.get("watch"))) {
            watch(exchange, query, collection, namespace);
            return;
        }
        JsonNode answer;
        int code = 200;
        String agent = String.valueOf(exchange.getRequestHeaders().getFirst("User-Agent"));
        String manager = query.getOrDefault("fieldManager", agent.split("/")[0]);
        synchronized (this) {
            TreeMap<String, ObjectNode> all = objects.computeIfAbsent(collection, key -> new TreeMap<>());
            String key = namespace + "/" + name;
            ObjectNode there = name == null ? null : all.get(key);
            if (name != null && there == null && !method.equals("PATCH")) {
                failed(exchange, 404, collection + " " + key + " is not there");
                return;
            }
            switch (method) {
                case "GET" -> answer = name == null ? list(collection, namespace, query) : there;
                case "POST" -> {
                    ObjectNode made = tree(body);
                    String wanted = made.at("/metadata/name").asText();
                    if (all.containsKey(namespace + "/" + wanted)) {
                        failed(exchange, 409, wanted + " is there already");
                        return;
                    }
                    answer = create(collection, namespace, wanted, made, noted(collection, "", null,
                            made, manager));
                    code = 201;
                }
                case "PUT" -> {
                    ObjectNode wanted = tree(body);
                    String asked = wanted.at("/metadata/resourceVersion").asText("");
                    if (!asked.isEmpty() && !asked.equals(there.at("/metadata/resourceVersion").asText())) {
                        failed(exchange, 409, "the object has been modified");
                        return;
                    }
                    answer = write(collection, key, there, wanted, status, manager);
                }
                case "PATCH" -> {
                    String type = String.valueOf(exchange.getRequestHeaders().getFirst("Content-Type"));
                    if (there == null && !type.startsWith("application/apply-patch")) {
                        failed(exchange, 404, collection + " " + key + " is not there");
                        return;
                    }
                    answer = patch(collection, namespace, name, there, type, body, status, manager,
                            "true".equals(query.get("force")));
                }
                case "DELETE" -> {
                    JsonNode options = body.length == 0 ? JSON.createObjectNode() : tree(body);
                    for (String each : List.of("resourceVersion", "uid")) {
                        String only = options.at("/preconditions/" + each).asText("");
                        if (!only.isEmpty() && !only.equals(there.at("/metadata/" + each).asText())) {
                            failed(exchange, 409, "the object has been modified");
                            return;
                        }
                    }
                    boolean orphans = options.path("propagationPolicy").asText().equals("Orphan");
                    for (String each : name == null
                            ? all.keySet().stream().filter(other -> other.startsWith(namespace + "/")).toList()
                            : List.of(key)) {
                        delete(collection, each, orphans);
                    }
                    answer = JSON.createObjectNode().put("kind", "Status").put("apiVersion", "v1").put("status",
                            "Success");
                }
                default -> throw new IllegalArgumentException(method);
            }
        }
        // What is kept is changed by nobody: to write it out needs no lock.
        send(exchange, code, answer.toString());
    }

    private void delete(String collection, String key, boolean orphans) {
        ObjectNode gone = objects.get(collection).get(key);
        if (!gone.at("/metadata/finalizers").isEmpty()) {
            ObjectNode going = gone.deepCopy();
            ((ObjectNode) going.get("metadata")).put("deletionTimestamp", Instant.now().toString());
            write(collection, key, gone, going, false, "");
            return;
        }
        objects.get(collection).remove(key);
        gone(collection, key, gone, orphans);
    }

    /** What is written for an owner that is no more goes as well. */
    private void collect(String collection, String key, ObjectNode object) {
        JsonNode owners = object.at("/metadata/ownerReferences");
        for (JsonNode owner : owners) {
            if (!ended.contains(owner.path("uid").asText())) {
                return;
            }
        }
        if (!owners.isEmpty() && !object.at("/metadata").has("deletionTimestamp")) {
            delete(collection, key, false);
        }
    }

    /** What it alone owned goes with it, or is left without an owner. */
    private void gone(String collection, String key, ObjectNode gone, boolean orphans) {
        managers.remove(collection + "/" + key);
        changed(collection, key, "DELETED", gone.deepCopy());
        String uid = gone.at("/metadata/uid").asText();
        ended.add(uid);
        objects.forEach((kind, all) -> List.copyOf(all.entrySet()).forEach(each -> {
            JsonNode owners = each.getValue().at("/metadata/ownerReferences");
            ObjectNode left = each.getValue().deepCopy();
            ArrayNode others = ((ObjectNode) left.get("metadata")).putArray("ownerReferences");
            owners.forEach(owner -> {
                if (!owner.path("uid").asText().equals(uid)) {
                    others.add(owner);
                }
            });
            if (others.size() < owners.size()) {
                if (orphans || !others.isEmpty()) {
                    if (others.isEmpty()) {
                        ((ObjectNode) left.get("metadata")).remove("ownerReferences");
                    }
                    write(kind, each.getKey(), each.getValue(), left, false, "garbage-collector");
                } else {
                    delete(kind, each.getKey(), false);
                }
            }
        }));
    }

    private JsonNode list(String collection, String namespace, Map<String, String> query) {
        ObjectNode list = JSON.createObjectNode().put("kind", kinds.getOrDefault(collection, "Generic") + "List")
                .put("apiVersion", collection.substring(0, collection.lastIndexOf('/')));
        list.putObject("metadata").put("resourceVersion", String.valueOf(version));
        ArrayNode items = list.putArray("items");
        objects.get(collection).forEach((key, object) -> {
            if ((namespace.isEmpty() || key.startsWith(namespace + "/")) && selected(object, query)
                    && !omitted.test(collection + " " + key)) {
                items.add(object);
            }
        });
        return list;
    }

    private static boolean selected(ObjectNode object, Map<String, String> query) {
        String field = query.getOrDefault("fieldSelector", "");
        if (field.startsWith("metadata.name=")
                && !field.equals("metadata.name=" + object.at("/metadata/name").asText())) {
            return false;
        }
        for (String label : query.getOrDefault("labelSelector", "").split(",")) {
            String[] words = label.split("=", 2);
            JsonNode value = object.at("/metadata/labels").get(words[0]);
            if (!label.isEmpty() && (value == null || (words.length == 2 && !value.asText().equals(words[1])))) {
                return false;
            }
        }
        return true;
    }

    private ObjectNode create(String collection, String namespace, String name, ObjectNode object,
            FieldManagers fields) {
        ObjectNode metadata = (ObjectNode) object.get("metadata");
        if (!namespace.isEmpty()) {
            metadata.put("namespace", namespace);
        }
        metadata.put("uid", UUID.randomUUID().toString()).put("generation", 1).put("creationTimestamp",
                Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        if (kinds.get(collection) != null && collection.startsWith("solaster.io")) {
            object.remove("status");
        }
        defaults(object);
        Validation.check(null, object);
        tell(collection, namespace + "/" + name, object, fields);
        changed(collection, namespace + "/" + name, "ADDED", object);
        objects.get(collection).put(namespace + "/" + name, object);
        collect(collection, namespace + "/" + name, object);
        return object;
    }

    private ObjectNode patch(String collection, String namespace, String name, ObjectNode there, String type,
            byte[] body, boolean status, String manager, boolean force) throws IOException {
        String key = namespace + "/" + name;
        if (type.startsWith("application/apply-patch")) {
            ObjectNode wanted = tree(body);
            Validation.preconditions(there, wanted);
            FieldManagers fields = managers.getOrDefault(collection + "/" + key, new FieldManagers()).copy();
            ObjectNode now;
            try {
                now = fields.apply(there, wanted, manager, force);
            } catch (FieldManagers.Conflict e) {
                throw new Validation.Refused(409, "Conflict", e.getMessage(), "", "");
            }
            if (there == null) {
                return create(collection, namespace, name, now, fields);
            }
            defaults(now);
            return write(collection, key, there, now, status, fields);
        }
        if (type.startsWith("application/merge-patch")) {
            ObjectNode now = there.deepCopy();
            overlay(now, tree(body));
            return write(collection, key, there, now, status, manager);
        }
        return write(collection, key, there, (ObjectNode) JsonPatch.apply(JSON.readTree(body), there.deepCopy()),
                status, manager);
    }

    /** Who has set which field once it has become another; null where that is not asked for here. */
    private FieldManagers noted(String collection, String key, ObjectNode before, ObjectNode now, String manager) {
        if (!collection.matches("apps/.*|policy/.*|networking.*|v1/(services|configmaps)|monitoring.*")) {
            return null;
        }
        FieldManagers fields = managers.getOrDefault(collection + "/" + key, new FieldManagers()).copy();
        JsonNode written = now.at("/metadata/managedFields");
        if (before != null && written.isArray() && !written.isEmpty()
                && !written.equals(before.at("/metadata/managedFields"))) {
            fields.read(written);
        }
        fields.update(before, now, manager);
        return fields;
    }

    private void tell(String collection, String key, ObjectNode object, FieldManagers fields) {
        if (fields != null) {
            managers.put(collection + "/" + key, fields);
            fields.tell(object);
        }
    }

    private ObjectNode write(String collection, String key, ObjectNode there, ObjectNode wanted, boolean status,
            String manager) {
        return write(collection, key, there, wanted, status, noted(collection, key, there, wanted, manager));
    }

    private ObjectNode write(String collection, String key, ObjectNode there, ObjectNode wanted, boolean status,
            FieldManagers fields) {
        ObjectNode now = there.deepCopy();
        boolean apart = collection.startsWith("solaster.io");
        if (status && apart) {
            put(now, "status", wanted.get("status"));
        } else {
            now = wanted.deepCopy();
            if (apart) {
                put(now, "status", there.get("status"));
            }
            ObjectNode metadata = (ObjectNode) now.get("metadata");
            for (String fixed : List.of("uid", "creationTimestamp", "generation", "resourceVersion")) {
                metadata.set(fixed, there.get("metadata").get(fixed));
            }
            if (!Objects.equals(there.get("spec"), now.get("spec"))) {
                metadata.put("generation", there.at("/metadata/generation").asLong() + 1);
            }
        }
        Validation.check(there, now);
        tell(collection, key, now, fields);
        if (now.equals(there)) {
            return there;
        }
        if (now.at("/metadata").has("deletionTimestamp") && now.at("/metadata/finalizers").isEmpty()) {
            objects.get(collection).remove(key);
            gone(collection, key, now, false);
            return now;
        }
        changed(collection, key, "MODIFIED", now);
        objects.get(collection).put(key, now);
        collect(collection, key, now);
        return now;
    }

    private static void put(ObjectNode object, String field, JsonNode value) {
        if (value == null) {
            object.remove(field);
        } else {
            object.set(field, value);
        }
    }

    private void changed(String collection, String key, String type, ObjectNode object) {
        version++;
        if (!collection.contains("leases")) {
            writes.incrementAndGet();
        }
        ((ObjectNode) object.get("metadata")).put("resourceVersion", String.valueOf(version));
        history.add(new Change(version, collection, key.substring(0, key.indexOf('/')), type, object,
                objects.get(collection).get(key)));
        if (history.size() > historyLength) {
            List<Change> old = history.subList(0, historyLength / 2);
            forgotten = old.getLast().version();
            old.clear();
        }
        notifyAll();
    }

    private void watch(HttpExchange exchange, Map<String, String> query, String collection, String namespace)
            throws IOException {
        String asked = query.getOrDefault("resourceVersion", "");
        HttpServer mine = server;
        long from;
        int heard;
        synchronized (this) {
            heard = said.getOrDefault(collection, List.of()).size();
            from = asked.isEmpty() || asked.equals("0") ? version : Long.parseLong(asked);
        }
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        // Clients take a watch for begun when its first line comes.
        out.write(("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"" + kinds.get(collection) + "\",\"apiVersion\":\""
                + collection.substring(0, collection.lastIndexOf('/')) + "\",\"metadata\":{\"resourceVersion\":\""
                + from
                + "\"}}}\n").getBytes(UTF_8));
        out.flush();
        while (!closed && mine == server) {
            List<Change> next = new ArrayList<>();
            boolean gone;
            List<String> lines;
            synchronized (this) {
                gone = from < forgotten;
                if (!gone && heard == said.getOrDefault(collection, List.of()).size()
                        && (from == version || collection.equals(held))) {
                    try {
                        wait(1000);
                    } catch (InterruptedException e) {
                        return;
                    }
                    gone = from < forgotten;
                }
                if (collection.equals(held)) {
                    continue;
                }
                for (int i = history.size() - 1; i >= 0 && history.get(i).version() > from; i--) {
                    Change change = history.get(i);
                    if (change.kind().equals(collection)
                            && (namespace.isEmpty() || change.namespace().equals(namespace))
                            && change.typeFor(query) != null) {
                        next.addFirst(change);
                    }
                }
                from = version;
                List<String> all = said.getOrDefault(collection, List.of());
                lines = List.copyOf(all.subList(heard, all.size()));
                heard = all.size();
            }
            for (String line : lines) {
                out.write((line + "\n").getBytes(UTF_8));
                out.flush();
            }
            if (gone) {
                out.write("""
                        {"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure",\
                        "message":"too old resource version","reason":"Expired","code":410}}
                        """.getBytes(UTF_8));
                out.flush();
                return;
            }
            for (Change change : next) {
                out.write(("{\"type\":\"" + change.typeFor(query) + "\",\"object\":" + change.object() + "}\n")
                        .getBytes(UTF_8));
            }
            if (!next.isEmpty()) {
                out.flush();
            }
        }
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
        if (object.path("kind").asText().equals("Service") && !object.at("/spec").has("clusterIP")) {
            ((ObjectNode) object.get("spec")).put("clusterIP", "10.0.0.1").put("sessionAffinity", "None");
        }
        for (JsonNode claim : object.at("/spec/volumeClaimTemplates")) {
            ((ObjectNode) claim).put("kind", "PersistentVolumeClaim").put("apiVersion", "v1");
            ((ObjectNode) claim.get("spec")).put("volumeMode", "Filesystem");
            ((ObjectNode) claim).putObject("status").put("phase", "Pending");
        }
        if (object.at("/spec/template/spec") instanceof ObjectNode pod) {
            pod.put("dnsPolicy", "ClusterFirst").put("restartPolicy", "Always");
            pod.get("containers").forEach(container -> ((ObjectNode) container)
                    .put("terminationMessagePath", "/dev/termination-log").put("imagePullPolicy", "IfNotPresent"));
        }
    }

    private static ObjectNode tree(byte[] text) throws IOException {
        return (ObjectNode) (text.length > 0 && text[0] == '{' ? JSON.readTree(text) : YAML.readTree(text));
    }

    private static Map<String, String> query(HttpExchange exchange) {
        Map<String, String> query = new HashMap<>();
        String text = exchange.getRequestURI().getRawQuery();
        if (text != null) {
            for (String each : text.split("&")) {
                String[] words = each.split("=", 2);
                query.put(words[0], words.length == 1 ? "" : URLDecoder.decode(words[1], UTF_8));
            }
        }
        return query;
    }

    private static void failed(HttpExchange exchange, int status, String message) throws IOException {
        send(exchange, status, JSON.createObjectNode().put("kind", "Status").put("apiVersion", "v1")
                .put("status", "Failure").put("message", message).put("code", status).toString());
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        exchange.getRequestBody().readAllBytes();
        byte[] body = text.getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        if (body.length > 0) {
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void close() {
        closed = true;
        synchronized (this) {
            notifyAll();
        }
        server.stop(0);
    }
}
