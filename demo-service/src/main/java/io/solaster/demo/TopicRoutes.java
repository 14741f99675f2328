package io.solaster.demo;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.solaster.config.SolasterConfig;
import io.solaster.demo.Orders.Order;
import io.solaster.engine.Engine;
import io.solaster.http.HttpHandler;
import io.solaster.http.HttpRequest;
import io.solaster.http.HttpResponse;
import io.solaster.http.JacksonCodec;
import io.solaster.http.Json;
import io.solaster.http.route.Router;
import io.solaster.spring.topic.StreamTemplate;
import io.solaster.streams.GroupState;
import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import io.solaster.streams.plugin.PluginStats;
import io.solaster.streams.plugin.Plugins;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** What the page {@code /topics} shows and does. On the shard that owns the connection. */
@Component
final class TopicRoutes {
    private static final String TOPIC = "orders";
    private static final String PLUGIN = "words";
    private static final Set<String> VERSIONS = Set.of("upper", "mask");
    private static final int LONGEST = 200;

    private final Engine engine;
    private final StreamTemplate template;
    private final Topic topic;
    private final Orders orders;
    private final Plugins plugins;
    private final Path directory;
    private final Json json;
    private final byte[] page;

    /** What was published. */
    record Published(String entry, int shard) {}

    /** What was taken last, how far behind the group is, and what looks at what is published. */
    record Seen(List<Order> orders, long published, long lag, Plugin plugin) {}

    /** What looks at what is published. */
    record Plugin(String state, @Nullable String version, long calls, long swapMicros) {}

    TopicRoutes(Engine engine, StreamTemplate template, Streams streams, Orders orders, Plugins plugins,
            SolasterConfig config, JsonMapper mapper) throws IOException {
        this.engine = engine;
        this.template = template;
        this.topic = streams.topic(TOPIC);
        this.orders = orders;
        this.plugins = plugins;
        this.directory = Path.of(Objects.requireNonNull(config.plugins().directory()));
        this.json = new Json(new JacksonCodec(mapper));
        this.page = resource("/web/topics.html");
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = TopicRoutes.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new FileNotFoundException(name);
            }
            return in.readAllBytes();
        }
    }

    Router routes() {
        return Router.builder()
                .get("/", (request, response) -> response
                        .header(HttpHeaderNames.CONTENT_TYPE, "text/html; charset=utf-8").send(page))
                .get("/seen", HttpHandler.async(this::seen))
                .post("/orders/{customer}", HttpHandler.async(this::publish))
                .post("/plugin/{version}", HttpHandler.async(this::change)).build();
    }

    /** The body is the article. Answers once the entry is on the disk. */
    private CompletionStage<?> publish(HttpRequest request, HttpResponse response) {
        String customer = request.pathParam("customer");
        String article = request.body().content().toString(UTF_8);
        if (article.isBlank() || article.length() > LONGEST || customer.length() > LONGEST) {
            response.status(HttpResponseStatus.BAD_REQUEST).send("a customer and an article, of up to " + LONGEST
                    + " letters");
            return CompletableFuture.completedStage(true);
        }
        return template.send(TOPIC, customer, article).thenAccept(entry -> json.send(request, response,
                new Published(entry.toString(), topic.shardOf(entry.partition()))));
    }

    private CompletionStage<?> seen(HttpRequest request, HttpResponse response) {
        return topic.groups().thenAccept(groups -> json.send(request, response, new Seen(orders.last(),
                topic.stats().stream().mapToLong(stats -> stats.entries.get()).sum(),
                groups.stream().mapToLong(GroupState::lag).sum(), plugin())));
    }

    private Plugin plugin() {
        PluginStats stats = plugins.stats().stream().filter(each -> each.name().equals(PLUGIN)).findFirst()
                .orElseThrow();
        return new Plugin(stats.state().name().toLowerCase(Locale.ROOT), stats.version(), stats.calls(),
                stats.lastSwap().toNanos() / 1000);
    }

    /** Puts another file in the plug-in's place, or none, and has it looked at. */
    private CompletionStage<?> change(HttpRequest request, HttpResponse response) {
        String version = request.pathParam("version");
        if (!VERSIONS.contains(version) && !version.equals("none")) {
            response.status(HttpResponseStatus.NOT_FOUND).send("no such version");
            return CompletableFuture.completedStage(true);
        }
        return engine.offload().call(() -> {
            Path file = directory.resolve(PLUGIN + ".wasm");
            if (version.equals("none")) {
                return Files.deleteIfExists(file);
            }
            Path made = Files.write(directory.resolve(PLUGIN + ".new"), resource("/plugins/" + version + ".wasm"));
            Files.move(made, file, StandardCopyOption.ATOMIC_MOVE);
            return true;
        }).thenCompose(written -> plugins.reload())
                .thenRun(() -> response.status(HttpResponseStatus.NO_CONTENT).send());
    }
}
