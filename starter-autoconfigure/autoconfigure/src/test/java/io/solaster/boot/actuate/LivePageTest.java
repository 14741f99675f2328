package io.solaster.boot.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.options.ColorScheme;
import io.solaster.boot.Client;
import io.solaster.engine.CallOptions;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;

/** The live page in a browser, under load. Pictures go to {@code -Dsolaster.shots=...} where that is given. */
final class LivePageTest {
    private static final List<String> QUIET = List.of("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync");
    private static Playwright playwright;
    private static Browser browser;

    @BeforeAll
    static void launch() {
        Optional<Path> chromium = Stream.of("/usr/bin/chromium", "/usr/bin/chromium-browser").map(Path::of)
                .filter(Files::isExecutable).findFirst();
        assumeTrue(chromium.isPresent(), "chromium is not installed (apt-get install chromium)");
        playwright = Playwright.create(new Playwright.CreateOptions()
                .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        browser = playwright.chromium()
                .launch(new LaunchOptions().setExecutablePath(chromium.get()).setArgs(QUIET).setTimeout(60_000));
    }

    @AfterAll
    static void close() {
        if (playwright != null) {
            playwright.close();
        }
    }

    @Test
    void shows_what_the_meters_show() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET,
                "management.endpoint.solasterconfig.show-values=always", "solaster.engine.stalls.threshold=30ms");
                Load load = new Load(it)) {
            Map<String, String> elsewhere = new ConcurrentHashMap<>();
            Page page = open(it, 1280, 900, ColorScheme.LIGHT, elsewhere);
            // Held until it is seen: on a busy machine the watchdog is slow to accuse.
            AtomicBoolean seen = new AtomicBoolean();
            CompletableFuture<Integer> held = it.engine().submitTo(1,
                    CallOptions.in(it.engine().groups().background()), () -> hold(seen));
            try {
                await(page, () -> page.locator("#stalls pre").allTextContents().stream()
                        .anyMatch(stack -> stack.contains("hold")));
            } finally {
                seen.set(true);
            }
            held.join();
            load.awaitRequests(500);
            awaitUpdates(page, 4);
            assertThat(page.locator("#engine").textContent()).isEqualTo(it.engine().name());
            assertThat(page.locator("#shards .shard").count()).isEqualTo(2);
            assertThat(page.locator("#groups tbody tr").count()).isEqualTo(4);
            assertThat(page.locator("#reasons li").allTextContents()).isEqualTo(it.engine().plan().reasons());
            page.locator("#stalls summary").first().click();
            assertThat(page.locator("#stalls pre").first().isVisible()).isTrue();
            page.locator("#set").uncheck();
            await(page, () -> page.locator("#config tbody tr").count() > 20);
            assertThat(page.locator("#config").textContent()).contains("solaster.engine.stalls.threshold", "30ms",
                    "commandLineArgs");
            shoot(page, "light");

            load.stop();
            // At rest, what the page shows is what a scrape says.
            String scrape = it.get("prometheus").body();
            double requests = sum(scrape, "solaster_server_requests_seconds_count");
            await(page, () -> page.locator("#servers [data-figure=requests]").getAttribute("data-exact")
                    .equals(String.valueOf((long) requests)));
            assertThat(requests).isGreaterThanOrEqualTo(500);
            await(page, () -> page.locator("#servers [data-figure=connections]").getAttribute("data-exact")
                    .equals("0"));
            assertThat(sum(it.get("prometheus").body(), "solaster_server_connections")).isZero();
            for (int shard = 0; shard < 2; shard++) {
                String shown = page.locator("[data-shard='" + shard + "'] [data-figure=stalls]").textContent();
                assertThat(Double.parseDouble(shown)).isEqualTo(sum(it.get("prometheus").body(),
                        "solaster_shard_stalls_total{engine=\"" + it.engine().name() + "\",shard=\"" + shard + "\""));
            }
            assertThat(elsewhere).as("requests to anywhere else, and errors of the script").isEmpty();
        }
    }

    @Test
    @Tag("full")
    void is_readable_in_the_dark_on_a_phone_and_without_a_mouse() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.REACTIVE); Load load = new Load(it)) {
            Map<String, String> elsewhere = new ConcurrentHashMap<>();
            Page dark = open(it, 1280, 900, ColorScheme.DARK, elsewhere);
            load.awaitRequests(200);
            awaitUpdates(dark, 4);
            shoot(dark, "dark");
            String light = "rgb(246, 247, 249)";
            assertThat(dark.evaluate("getComputedStyle(document.body).backgroundColor")).isNotEqualTo(light);
            dark.close();

            Page phone = open(it, 360, 740, ColorScheme.LIGHT, elsewhere);
            awaitUpdates(phone, 3);
            assertThat(phone.evaluate("getComputedStyle(document.body).backgroundColor")).isEqualTo(light);
            assertThat(phone.evaluate("document.documentElement.scrollWidth")).as("scrolls sideways").isEqualTo(360);
            shoot(phone, "phone");

            phone.keyboard().press("Tab");
            assertThat(phone.evaluate("document.activeElement.className")).isEqualTo("skip");
            phone.keyboard().press("Tab");
            assertThat(phone.evaluate("document.activeElement.id")).isEqualTo("pause");
            phone.keyboard().press("Enter");
            assertThat(phone.locator("#pause").getAttribute("aria-pressed")).isEqualTo("true");
            assertThat(phone.locator("[role=meter]").count()).isEqualTo(2);
            assertThat(phone.locator("[role=meter]").first().getAttribute("aria-valuetext")).endsWith("%");
            assertThat(phone.locator("#mesh-details summary").count()).isEqualTo(1);
            assertThat(elsewhere).isEmpty();
        }
    }

    @Test
    @Tag("full")
    void has_room_for_64_shards() throws Exception {
        try (Actuated it = Actuated.start(WebApplicationType.SERVLET)) {
            String live = it.get("solaster/live").body();
            for (int width : List.of(1280, 360)) {
                Page page = browser.newPage(new Browser.NewPageOptions().setViewportSize(width, 900));
                int[] asked = {0};
                page.route("**/solaster/live",
                        route -> route.fulfill(new com.microsoft.playwright.Route.FulfillOptions()
                                .setContentType("application/json").setBody(with64Shards(live, asked[0]++))));
                page.clock().install();
                page.navigate(it.url("solaster"));
                awaitUpdates(page, 3);
                assertThat(page.locator("#shards .shard").count()).isEqualTo(64);
                assertThat(page.locator("#mesh b").count()).isEqualTo(64 * 64);
                assertThat(page.evaluate("document.documentElement.scrollWidth")).isEqualTo(width);
                shoot(page, "64-" + width);
                page.close();
            }
        }
    }

    /** What an engine of that size would answer with. */
    private static String with64Shards(String live, int time) {
        com.jayway.jsonpath.DocumentContext json = com.jayway.jsonpath.JsonPath.parse(live);
        Map<String, Object> one = json.read("$.report.shards[0]");
        List<Object> shards = new ArrayList<>();
        List<List<Long>> mesh = new ArrayList<>();
        for (int id = 0; id < 64; id++) {
            Map<String, Object> shard = new java.util.LinkedHashMap<>(one);
            shard.put("id", id);
            shard.put("cpu", id + 2);
            shard.put("utilization", (id * 37 % 100) / 100.0);
            shard.put("tasks", 1000L * time * (id % 7 + 1));
            shard.put("connections", id * 13);
            shards.add(shard);
            List<Long> row = new ArrayList<>();
            for (int to = 0; to < 64; to++) {
                row.add((long) time * (id * 31 + to * 17) % 900 * (id == to ? 0 : 1) * time);
            }
            mesh.add(row);
        }
        return json.set("$.report.shards", shards).set("$.mesh", mesh)
                .set("$.at", java.time.Instant.EPOCH.plusSeconds(time).toString()).jsonString();
    }

    private static Page open(Actuated it, int width, int height, ColorScheme scheme, Map<String, String> elsewhere) {
        Page page = browser.newPage(
                new Browser.NewPageOptions().setViewportSize(width, height).setColorScheme(scheme));
        page.setDefaultTimeout(60_000);
        String own = it.url("solaster");
        page.onRequest(request -> {
            if (!request.url().startsWith(own)) {
                elsewhere.put(request.url(), "asked for");
            }
        });
        page.onPageError(error -> elsewhere.put(error, "thrown"));
        page.onConsoleMessage(message -> {
            if (message.type().equals("error")) {
                elsewhere.put(message.text(), "in the console");
            }
        });
        page.clock().install();
        page.navigate(own);
        return page;
    }

    /** Lets the page's clock go on while it waits: it asks once a second. */
    private static void await(Page page, BooleanSupplier condition) {
        page.waitForCondition(() -> {
            boolean holds = condition.getAsBoolean();
            if (!holds) {
                page.clock().fastForward(1000);
            }
            return holds;
        });
    }

    private static void awaitUpdates(Page page, int updates) {
        await(page, () -> Integer.parseInt(String.valueOf(
                page.evaluate("Number(document.body.dataset.updates || 0)"))) >= updates);
    }

    private static void shoot(Page page, String name) {
        String folder = System.getProperty("solaster.shots");
        if (folder != null) {
            page.screenshot(new Page.ScreenshotOptions().setPath(Path.of(folder, name + "-top.png")));
            page.screenshot(new Page.ScreenshotOptions().setPath(Path.of(folder, name + ".png")).setFullPage(true));
        }
    }

    private static double sum(String scrape, String prefix) {
        Matcher line = Pattern.compile("(?m)^" + Pattern.quote(prefix) + ".* ([0-9.E+-]+)$").matcher(scrape);
        double sum = 0;
        while (line.find()) {
            sum += Double.parseDouble(line.group(1));
        }
        return sum;
    }

    private static int hold(AtomicBoolean seen) {
        int turns = 0;
        while (!seen.get()) {
            Thread.onSpinWait();
            turns++;
        }
        return turns;
    }

    /** Clients that ask one after the other, and messages between the shards, until it is stopped. */
    private static final class Load implements AutoCloseable {
        private final Engine engine;
        private final List<Thread> threads = new ArrayList<>();
        private volatile boolean stopped;

        Load(Actuated it) {
            engine = it.engine();
            int port = it.kv();
            for (int client = 0; client < 2; client++) {
                threads.add(Thread.ofPlatform().daemon().start(() -> {
                    while (!stopped) {
                        ask(port);
                    }
                }));
            }
        }

        private void ask(int port) {
            try {
                Client.ask(port, String.format(Locale.ROOT, "SET key%d value",
                        ThreadLocalRandom.current().nextInt(1000)));
                engine.submitTo(0, () -> engine.submitTo(1, () -> Shard.current().id())).join();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        void awaitRequests(long count) {
            long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (engine.shards().stream().mapToLong(shard -> shard.stats().accepted.get()).sum() < count) {
                assertThat(System.nanoTime()).isLessThan(end);
                java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
            }
        }

        void stop() throws InterruptedException {
            stopped = true;
            for (Thread thread : threads) {
                thread.join(60_000);
            }
        }

        @Override
        public void close() throws InterruptedException {
            stop();
        }
    }
}
