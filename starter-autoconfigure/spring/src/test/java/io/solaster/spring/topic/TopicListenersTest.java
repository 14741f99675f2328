package io.solaster.spring.topic;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import io.micrometer.observation.transport.ReceiverContext;
import io.micrometer.observation.transport.SenderContext;
import io.solaster.config.EngineConfig;
import io.solaster.config.EngineConfig.Pinning;
import io.solaster.config.topic.TopicConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.spring.ShardScope;
import io.solaster.spring.TopicListener;
import io.solaster.spring.shard.ShardBeans;
import io.solaster.spring.shard.ShardedBeans;
import io.solaster.streams.Headers;
import io.solaster.streams.Streams;
import io.solaster.streams.Topic;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import reactor.core.publisher.Mono;

/** Listeners and the template, over topics. */
final class TopicListenersTest {
    private static final Engine engine = Engine
            .start(EngineConfig.defaults().withShards(2).withPinning(Pinning.NEVER)
                    .withShutdownTimeout(Duration.ofMillis(300)));
    private static Streams streams;
    private static final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private static final ObservationRegistry observations = ObservationRegistry.create();

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();

    @AfterAll
    static void stop() {
        engine.close();
    }

    @TempDir
    Path directory;

    @BeforeEach
    void fresh() {
        streams = Streams.open(engine, Map.of("orders", topic("orders").withPartitions(4), "dead", topic("dead")));
        heard.clear();
    }

    private TopicConfig topic(String name) {
        return TopicConfig.in(directory.resolve(name).toString()).withFsync(Fsync.NEVER)
                .withSizes(new ByteSize(1 << 20), new ByteSize(256 << 10), new ByteSize(16 << 10));
    }

    @AfterEach
    void close() {
        context.close();
        streams.close();
    }

    /** Entries of a topic that the group has not acknowledged. */
    private static long lag(String topic, String group) {
        return streams.topic(topic).groups().join().stream().filter(each -> each.name().equals(group)).findFirst()
                .orElseThrow().lag();
    }

    private StreamTemplate start(Class<?>... beans) {
        context.register(Beans.class);
        for (Class<?> each : beans) {
            context.register(each);
        }
        context.refresh();
        return context.getBean(StreamTemplate.class);
    }

    private TopicListeners.Count count() {
        return context.getBean(TopicListeners.class).counts().getFirst();
    }

    private static String next() throws InterruptedException {
        return heard.poll(1, TimeUnit.MINUTES);
    }

    private static void until(BooleanSupplier holds) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        while (!holds.getAsBoolean()) {
            assertThat(System.nanoTime()).isLessThan(end);
            Thread.sleep(2);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Beans {

        @Bean(destroyMethod = "")
        Engine engine() {
            return engine;
        }

        @Bean
        static ShardBeans shardBeans(ConfigurableListableBeanFactory factory) {
            return new ShardBeans(factory);
        }

        @Bean
        static ShardedBeans shardedBeans(ShardBeans beans) {
            return new ShardedBeans(beans);
        }

        @Bean
        static TopicListeners listeners(ConfigurableListableBeanFactory factory) {
            return new TopicListeners(factory,
                    () -> new TopicListeners.Needs(engine, streams, TopicConverters.defaults(), observations));
        }

        @Bean
        StreamTemplate template() {
            return new StreamTemplate(streams, TopicConverters.defaults(), observations);
        }
    }

    static class Texts {
        @TopicListener(topic = "orders", group = "g")
        void take(String payload, @Header(TopicHeaders.KEY) String key, @Header("article") int article,
                @Header(TopicHeaders.RECEIVED_PARTITION) int partition, Shard shard, Message<byte[]> message) {
            heard.add(payload + " " + key + " " + article + " "
                    + (streams.topic("orders").shardOf(partition) == shard.id()) + " "
                    + (Shard.current() == shard && !shard.inEventLoop()) + " "
                    + new String(message.getPayload(), UTF_8));
        }
    }

    @Test
    void payloadHeadersKeyAndShardAreArgumentsInAForkOfTheOwner() throws Exception {
        StreamTemplate template = start(Texts.class);
        assertThat(template.sendAndWait("orders", 7, "tea").sequence()).isOne();
        template.send("orders", "ada", "milk", Map.of("article", 12)).get(1, TimeUnit.MINUTES);
        assertThat(next()).isEqualTo("milk ada 12 true true milk");
        until(() -> lag("orders", "g") == 1);
        // The first has no such header: it fails, is counted, and is tried again.
        until(() -> count().failures() > 0);
        assertThat(count().acknowledged()).isOne();
    }

    record Order(String article, int count) {}

    static class Orders {
        @TopicListener(topic = "orders", group = "g", attempts = "1", deadLetter = "dead")
        void take(Order order) {
            heard.add(order.toString());
        }

        @TopicListener(topic = "dead", group = "undertaker")
        void bury(byte[] payload, @Header(TopicHeaders.DEAD_EXCEPTION) String exception) {
            heard.add(new String(payload, UTF_8) + " " + exception.substring(exception.lastIndexOf('.') + 1));
        }
    }

    @Test
    void recordsGoAsJson() throws Exception {
        StreamTemplate template = start(Orders.class);
        template.sendAndWait("orders", "k", new Order("tea", 2));
        assertThat(next()).isEqualTo("Order[article=tea, count=2]");
    }

    @Test
    void whatWhoeverPublishesMakesUpIsADeadLetterAtMost() throws Exception {
        StreamTemplate template = start(Orders.class);
        Topic orders = streams.topic("orders");
        byte[] json = "{\"article\":\"tea\",\"count\":1}".getBytes(UTF_8);
        for (byte[] payload : List.of("{".getBytes(UTF_8), new byte[]{0, -1}, new byte[0],
                "[".repeat(10_000).getBytes(UTF_8), "{\"count\":99999999999999}".getBytes(UTF_8))) {
            orders.publish(null, payload).join();
            assertThat(next()).endsWith(" MessageConversionException");
        }
        orders.publish(null, json, Headers.of(Map.of("contentType", ";;".getBytes(UTF_8)))).join();
        assertThat(next()).startsWith(new String(json, UTF_8));
        // What is ours to say, and what would have another type, is no more than text.
        orders.publish(null, json, Headers.of(Map.of("id", new byte[]{1}, "timestamp", new byte[0], "solaster_shard",
                new byte[]{7}, "solaster-types", "id:U,timestamp:L,a:I,b:Z,:,x".getBytes(UTF_8), "a",
                "99999999999".getBytes(UTF_8), "errorChannel", "none".getBytes(UTF_8)))).join();
        assertThat(next()).isEqualTo("Order[article=tea, count=1]");
        // So many headers that those of a dead letter find no room beside them.
        Map<String, byte[]> many = new LinkedHashMap<>();
        IntStream.range(0, 64).forEach(i -> many.put("h" + i, new byte[0]));
        orders.publish(null, "{".getBytes(UTF_8), Headers.of(many)).join();
        assertThat(next()).isEqualTo("{ MessageConversionException");
        template.sendAndWait("orders", "k", new Order("milk", 3));
        assertThat(next()).isEqualTo("Order[article=milk, count=3]");
    }

    static class Failing {
        @TopicListener(topic = "orders", group = "g", attempts = "3", backOff = "2ms", maxBackOff = "3ms", deadLetter = "dead")
        void take(String payload, @Header(TopicHeaders.ATTEMPT) int attempt) {
            heard.add(payload + " " + attempt);
            if (payload.equals("bad") || attempt < 2) {
                throw new IllegalArgumentException("no such article");
            }
        }

        @TopicListener(topic = "dead", group = "undertaker")
        void bury(String payload, @Header(TopicHeaders.DEAD_TOPIC) String topic,
                @Header(TopicHeaders.DEAD_EXCEPTION) String exception,
                @Header(TopicHeaders.DEAD_MESSAGE) String message, @Header(TopicHeaders.KEY) String key) {
            heard.add("dead " + payload + " " + topic + " " + exception + " " + message + " " + key);
        }
    }

    @Test
    void whatFailsIsTriedAgainAndBecomesADeadLetter() throws Exception {
        StreamTemplate template = start(Failing.class);
        template.sendAndWait("orders", "k", "good");
        assertThat(List.of(next(), next())).containsExactly("good 1", "good 2");
        until(() -> lag("orders", "g") == 0);
        template.sendAndWait("orders", "k", "bad");
        assertThat(List.of(next(), next(), next())).containsExactly("bad 1", "bad 2", "bad 3");
        assertThat(next()).isEqualTo("dead bad orders java.lang.IllegalArgumentException no such article k");
        until(() -> lag("orders", "g") == 0 && lag("dead", "undertaker") == 0);
    }

    static class Buried {
        @TopicListener(topic = "orders", group = "g", attempts = "1", backOff = "1ms", maxBackOff = "2ms", deadLetter = "small")
        void take(byte[] payload) {
            heard.add("called");
            throw new IllegalStateException();
        }
    }

    @Test
    void whatTheDeadLetterTopicDoesNotTakeIsKeptAndNotCalledAgain() throws Exception {
        streams.close();
        streams = Streams.open(engine, Map.of("orders", topic("orders").withPartitions(4), "small", topic("small")
                .withSizes(new ByteSize(1 << 20), new ByteSize(256 << 10), new ByteSize(1 << 10))));
        StreamTemplate template = start(Buried.class);
        template.sendAndWait("orders", null, new byte[2000]);
        assertThat(next()).isEqualTo("called");
        until(() -> count().failures() > 3);
        context.stop();
        assertThat(heard).isEmpty();
        assertThat(lag("orders", "g")).isOne();
    }

    static class Later {
        static CompletableFuture<Boolean> answer = new CompletableFuture<>();

        @TopicListener(topic = "orders", group = "g")
        CompletableFuture<Boolean> take(byte[] payload) {
            heard.add("begun");
            return answer;
        }

        @TopicListener(topic = "orders", group = "reactive")
        Mono<Void> takeToo(byte[] payload) {
            return Mono.fromFuture(answer).then();
        }
    }

    @Test
    void whatIsReturnedForLaterIsWaitedFor() throws Exception {
        Later.answer = new CompletableFuture<>();
        StreamTemplate template = start(Later.class);
        template.sendAndWait("orders", null, new byte[]{1});
        assertThat(next()).isEqualTo("begun");
        assertThat(lag("orders", "g") + lag("orders", "reactive")).isEqualTo(2);
        Later.answer.complete(true);
        until(() -> lag("orders", "g") == 0 && lag("orders", "reactive") == 0);
    }

    static class Endless {
        static final CountDownLatch never = new CountDownLatch(1);
        static final AtomicInteger calls = new AtomicInteger();

        @TopicListener(topic = "orders", group = "g", timeout = "${patience:}", backOff = "1ms")
        void take(String payload) throws InterruptedException {
            if (calls.incrementAndGet() == 1) {
                never.await();
            }
            heard.add(payload);
        }
    }

    @Test
    void oneThatNeverReturnsIsInterruptedWhenItsTimeIsOver() throws Exception {
        Endless.calls.set(0);
        context.getEnvironment().getPropertySources()
                .addFirst(new MapPropertySource("test", Map.of("patience", "20ms")));
        StreamTemplate template = start(Endless.class);
        template.sendAndWait("orders", null, "tea");
        assertThat(next()).isEqualTo("tea");
        until(() -> lag("orders", "g") == 0);
        assertThat(count().failures()).isOne();
    }

    @Test
    void oneThatNeverReturnsHoldsTheStopNoLongerThanTheDrain() throws Exception {
        Endless.calls.set(0);
        StreamTemplate template = start(Endless.class);
        template.sendAndWait("orders", "a", "tea");
        until(() -> Endless.calls.get() == 1);
        context.stop();
        assertThat(lag("orders", "g")).isOne();
        // Its interrupted fork is over, and the entry is the next member's.
        context.start();
        assertThat(next()).isEqualTo("tea");
        until(() -> lag("orders", "g") == 0);
    }

    static class Deaf {
        static final Semaphore hears = new Semaphore(0);
        static final AtomicInteger calls = new AtomicInteger();

        @TopicListener(topic = "orders", group = "g")
        void take(String payload) {
            if (calls.incrementAndGet() == 1) {
                hears.acquireUninterruptibly();
            }
        }
    }

    @Test
    void oneThatHearsNoInterruptIsLeftBehindAndItsEntryIsTheNextMembers() throws Exception {
        StreamTemplate template = start(Deaf.class);
        template.sendAndWait("orders", "a", "tea");
        until(() -> Deaf.calls.get() == 1);
        context.stop();
        context.start();
        until(() -> lag("orders", "g") == 0);
        // When it returns at last, nobody minds.
        Deaf.hears.release();
        template.sendAndWait("orders", "a", "milk");
        until(() -> Deaf.calls.get() == 3 && lag("orders", "g") == 0);
        context.stop();
        assertThat(count().underWay()).isZero();
    }

    static class Slow {
        static final CountDownLatch begun = new CountDownLatch(1);
        static final CountDownLatch goOn = new CountDownLatch(1);

        @TopicListener(topic = "orders", group = "g")
        void take(String payload) throws InterruptedException {
            begun.countDown();
            goOn.await();
        }
    }

    @Test
    void aStopAmidADeliveryWaitsForIt() throws Exception {
        StreamTemplate template = start(Slow.class);
        template.sendAndWait("orders", "a", "tea");
        Slow.begun.await();
        Thread stop = Thread.ofPlatform().start(context::stop);
        until(() -> stop.getState() == Thread.State.WAITING || stop.getState() == Thread.State.TIMED_WAITING);
        Slow.goOn.countDown();
        stop.join();
        assertThat(lag("orders", "g")).isZero();
        template.sendAndWait("orders", "a", "left for later");
        assertThat(lag("orders", "g")).isOne();
        context.start();
        until(() -> lag("orders", "g") == 0);
    }

    @ShardScope
    static class OnEach {
        private final Shard shard;
        private int here;

        OnEach(Shard shard) {
            this.shard = shard;
        }

        @TopicListener(topic = "orders", group = "g")
        void take(String payload) {
            here++;
            heard.add(shard.id() + " " + (Shard.current() == shard) + " " + here);
        }
    }

    @Test
    void theInstanceOfTheOwnerTakesTheEntriesOfAShardScopedBean() throws Exception {
        StreamTemplate template = start(OnEach.class);
        Topic orders = streams.topic("orders");
        int[] sent = new int[2];
        for (int i = 0; sent[0] < 2 || sent[1] < 2; i++) {
            String key = "key" + i;
            int shard = orders.shardOf(orders.partitionOf(key.getBytes(UTF_8)));
            if (sent[shard] < 2) {
                sent[shard]++;
                template.sendAndWait("orders", key, "x");
            }
        }
        assertThat(List.of(next(), next(), next(), next())).containsExactlyInAnyOrder("0 true 1", "0 true 2",
                "1 true 1", "1 true 2");
    }

    static class Wrong {
        @TopicListener(topic = "orderz", group = "", attempts = "0", concurrency = "100000", deadLetter = "nowhere")
        int take(String one, String two) {
            return 0;
        }
    }

    @Test
    void allThatIsWrongIsToldAtTheStartByName() {
        assertThatThrownBy(() -> start(Wrong.class))
                .hasMessageContaining(
                        "@TopicListener: Wrong.take(String, String): there is no topic 'orderz'; write one of")
                .hasMessageContaining("define it as solaster.topics.orderz").hasMessageContaining("'nowhere'")
                .hasMessageContaining("its group's name has 0 bytes").hasMessageContaining("attempts of '0'")
                .hasMessageContaining("concurrency of '100000' is no number from 1 to 65536")
                .hasMessageContaining("it returns int").hasMessageContaining("2 parameters that would each be");
    }

    @Test
    void aTemplateRefusesWhatItCannotSend() {
        StreamTemplate template = start();
        assertThat(template.send("orders", new Object(), "x")).isCompletedExceptionally();
        assertThat(template.send("nowhere", "k", "x")).isCompletedExceptionally();
        assertThat(template.send("orders", "k", new byte[64 << 10])).isCompletedExceptionally();
        assertThat(engine.submitTo(0, () -> {
            template.sendAndWait("orders", null, "x");
            return true;
        })).failsWithin(Duration.ofMinutes(1)).withThrowableThat().withMessageContaining("StreamTemplate.sendAndWait");
        assertThat(engine.shard(0).fork(() -> template.sendAndWait("orders", null, "x")).future())
                .succeedsWithin(Duration.ofMinutes(1));
    }

    @Test
    void theTraceOfWhoPublishesGoesAlong() throws Exception {
        BlockingQueue<String> seen = new LinkedBlockingQueue<>();
        observations.observationConfig().observationHandler(new ObservationHandler<Observation.Context>() {
            @Override
            public void onStart(Observation.Context of) {
                // As tracing does it.
                if (of instanceof SenderContext<?> sender) {
                    set(sender, "traceparent", "00-1");
                } else if (of instanceof ReceiverContext<?> receiver) {
                    seen.add(String.valueOf(get(receiver, "traceparent")));
                }
            }

            @Override
            public void onStop(Observation.Context of) {
                seen.add(of.getName() + " " + of.getContextualName() + " "
                        + of.getLowCardinalityKeyValue("messaging.destination.name").getValue());
            }

            @Override
            public boolean supportsContext(Observation.Context of) {
                return of.getName().startsWith("solaster.topic");
            }
        });
        StreamTemplate template = start(Later.class);
        Later.answer.complete(true);
        template.sendAndWait("orders", null, new byte[0]);
        until(() -> lag("orders", "g") == 0 && lag("orders", "reactive") == 0 && seen.size() == 5);
        assertThat(seen).containsOnlyOnce("solaster.topic.publish publish orders orders")
                .contains("solaster.topic.process process orders orders", "00-1").doesNotContain("null");
    }

    private static <C> void set(SenderContext<C> context, String name, String value) {
        context.getSetter().set(context.getCarrier(), name, value);
    }

    private static <C> String get(ReceiverContext<C> context, String name) {
        return context.getGetter().get(context.getCarrier(), name);
    }
}
