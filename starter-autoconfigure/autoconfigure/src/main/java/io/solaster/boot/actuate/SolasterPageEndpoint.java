package io.solaster.boot.actuate;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;

import io.solaster.config.plan.ShardReport;
import io.solaster.config.plan.ShardReport.Stall;
import io.solaster.engine.Engine;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.SecurityContext;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;
import org.springframework.util.MimeType;

/**
 * The live page, and what it asks for once a second. All that it shows comes from counters, so that it answers while
 * shards are stuck; all that it consists of comes from here.
 */
@WebEndpoint(id = "solaster", defaultAccess = Access.READ_ONLY)
final class SolasterPageEndpoint {
    /** No pair of shards is told of beyond so many shards: at 64 that is 4,096 numbers a second. */
    private static final int MOST_PAIRED = 64;
    private static final MimeType JSON = MimeType.valueOf("application/json");
    private static final Map<String, MimeType> FILES = Map.of("page.css", MimeType.valueOf("text/css;charset=UTF-8"),
            "page.js", MimeType.valueOf("text/javascript;charset=UTF-8"));

    private final Engine engine;
    private final ShardReporter reporter;
    private final SolasterConfigEndpointWebExtension config;
    private final Supplier<String> folder;

    /** @param folder the last part of the page's own path: links within the page are relative to what stands before */
    SolasterPageEndpoint(Engine engine, ShardReporter reporter, SolasterConfigEndpointWebExtension config,
            Supplier<String> folder) {
        this.folder = folder;
        this.engine = engine;
        this.reporter = reporter;
        this.config = config;
    }

    /**
     * What the page shows.
     *
     * @param at when it was so
     * @param report the engine and its shards
     * @param mesh messages sent so far, by sender and receiver
     * @param stalls the last few, by shard
     */
    record Live(Instant at, ShardReport report, List<List<Long>> mesh, Map<Integer, List<Stall>> stalls) {}

    /** The page for whoever accepts HTML, else what it shows. */
    @ReadOperation(producesFrom = PageFormat.class)
    WebEndpointResponse<Object> page(PageFormat format) throws IOException {
        return new WebEndpointResponse<>(format == PageFormat.HTML
                ? text("page.html").replace("solaster/", folder.get() + "/")
                : live(), format);
    }

    /** @param part {@code live}, {@code config}, or a file that the page is made of */
    @ReadOperation(produces = {"application/json", "text/css", "text/javascript"})
    @Nullable
    WebEndpointResponse<?> part(@Selector String part, SecurityContext security) throws IOException {
        MimeType type = FILES.get(part);
        if (type != null) {
            return file(part, type);
        }
        return switch (part) {
            case "live" -> new WebEndpointResponse<>(live(), JSON);
            case "config" -> new WebEndpointResponse<>(config.configuration(security), JSON);
            default -> null;
        };
    }

    private Live live() {
        int shards = engine.shards().size();
        List<List<Long>> mesh = shards > MOST_PAIRED
                ? List.of()
                : IntStream.range(0, shards).mapToObj(from -> IntStream.range(0, shards)
                        .mapToObj(to -> engine.messages(from, to)).toList()).toList();
        Map<Integer, List<Stall>> stalls = new java.util.LinkedHashMap<>();
        for (int shard = 0; shard < shards; shard++) {
            List<Stall> known = reporter.stalls(shard);
            if (!known.isEmpty()) {
                stalls.put(shard, known);
            }
        }
        return new Live(Instant.now(), reporter.report(), mesh, stalls);
    }

    private static WebEndpointResponse<String> file(String name, MimeType type) throws IOException {
        return new WebEndpointResponse<>(text(name), type);
    }

    private static String text(String name) throws IOException {
        try (var in = SolasterPageEndpoint.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing from the jar of solaster-autoconfigure");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
