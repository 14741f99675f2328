package io.solaster.binder;

import java.nio.file.Path;
import java.time.Duration;

import io.solaster.config.EngineConfig;
import io.solaster.config.topic.StreamsConfig;
import io.solaster.engine.Engine;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.cloud.stream.binder.AbstractTestBinder;
import org.springframework.cloud.stream.binder.ConsumerProperties;
import org.springframework.cloud.stream.binder.PartitionCapableBinderTests;
import org.springframework.cloud.stream.binder.ProducerProperties;
import org.springframework.cloud.stream.binder.Spy;
import org.springframework.context.support.GenericApplicationContext;

/** What Spring Cloud Stream asks of its binders. */
public final class TopicBinderTest
        extends
            PartitionCapableBinderTests<TopicBinderTest.Bound, ConsumerProperties, ProducerProperties> {
    private static final Engine engine = Engine.start(EngineConfig.defaults().withShards(2)
            .withPinning(EngineConfig.Pinning.NEVER).withShutdownTimeout(Duration.ofSeconds(2)));

    @TempDir
    Path directory;

    @AfterAll
    static void stop() {
        engine.close();
    }

    @AfterEach
    void close() {
        applicationContext.close();
    }

    @Override
    protected Bound getBinder() {
        if (testBinder == null) {
            testBinder = new Bound(new Destinations(engine, null,
                    StreamsConfig.defaults().withDirectory(directory.toString()), 4), applicationContext);
        }
        return testBinder;
    }

    @Override
    protected ConsumerProperties createConsumerProperties() {
        return new ConsumerProperties();
    }

    @Override
    protected ProducerProperties createProducerProperties(TestInfo test) {
        return new ProducerProperties();
    }

    @Override
    protected boolean usesExplicitRouting() {
        return true;
    }

    @Override
    protected String getClassUnderTestName() {
        return TopicBinder.class.getSimpleName();
    }

    @Override
    public Spy spyOn(String name) {
        throw new UnsupportedOperationException();
    }

    /** The binder, and what it has made. */
    public static final class Bound extends AbstractTestBinder<TopicBinder, ConsumerProperties, ProducerProperties> {
        private final Destinations destinations;

        Bound(Destinations destinations, GenericApplicationContext context) {
            this.destinations = destinations;
            TopicBinder binder = new TopicBinder(destinations);
            binder.setApplicationContext(context);
            setBinder(binder);
        }

        @Override
        public void cleanup() {
            destinations.close();
        }
    }
}
