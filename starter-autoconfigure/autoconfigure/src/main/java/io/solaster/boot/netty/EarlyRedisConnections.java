package io.solaster.boot.netty;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.SmartLifecycle;
import org.springframework.data.redis.connection.ReactiveRedisConnection;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/**
 * Connects Spring Data to Redis before it is asked to. It would else connect when the connection is first asked for, and
 * block meanwhile, even for reactive calls: on a shard it would wait for itself. Where Redis is not there, the application
 * starts nevertheless, and this tries again until it is. So it does once a context that was stopped or paused starts again.
 */
final class EarlyRedisConnections implements SmartInitializingSingleton, SmartLifecycle, DisposableBean {
    private static final Logger log = LoggerFactory.getLogger(EarlyRedisConnections.class);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(250);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

    private final ObjectProvider<LettuceConnectionFactory> factories;
    private final List<Thread> retries = new ArrayList<>();
    private boolean wasStopped;
    private volatile boolean running;

    EarlyRedisConnections(ObjectProvider<LettuceConnectionFactory> factories) {
        this.factories = factories;
    }

    @Override
    public void afterSingletonsInstantiated() {
        factories.forEach(factory -> begin(factory, factory::initConnection));
    }

    private void begin(LettuceConnectionFactory factory, Runnable first) {
        try {
            first.run();
        } catch (RuntimeException e) {
            log.warn("No connection to Redis at {}:{} yet, which is tried again in the background; a call from a"
                    + " shard would block it until then: {}", factory.getHostName(), factory.getPort(), reason(e));
            retries.add(Thread.ofVirtual().name("solaster-redis-connect").start(() -> retry(factory)));
        }
    }

    private static void retry(LettuceConnectionFactory factory) {
        for (Duration pause = FIRST_PAUSE;; pause = longer(pause)) {
            try {
                Thread.sleep(pause);
                connect(factory);
                log.info("Connected to Redis at {}:{}", factory.getHostName(), factory.getPort());
                return;
            } catch (InterruptedException stopping) {
                return;
            } catch (RuntimeException e) {
                log.debug("No connection to Redis at {}:{} yet", factory.getHostName(), factory.getPort(), e);
            }
        }
    }

    /** Unless somebody else has meanwhile: to initialize it again would close what is in use. */
    static void connect(LettuceConnectionFactory factory) {
        factory.getConnection().close();
        ReactiveRedisConnection reactive = factory.getReactiveConnection();
        reactive.closeLater().block();
    }

    private static Duration longer(Duration pause) {
        Duration twice = pause.multipliedBy(2);
        return twice.compareTo(LONGEST_PAUSE) < 0 ? twice : LONGEST_PAUSE;
    }

    private static String reason(Throwable failure) {
        Throwable root = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            root = cause;
        }
        return String.valueOf(root.getMessage());
    }

    @Override
    public void start() {
        if (wasStopped) {
            factories.stream().filter(LettuceConnectionFactory::isRunning)
                    .forEach(factory -> begin(factory, () -> connect(factory)));
        }
        running = true;
    }

    @Override
    public void stop() {
        retries.forEach(Thread::interrupt);
        retries.clear();
        wasStopped = true;
        running = false;
    }

    /** Also where the application fails to start, and so is never stopped. */
    @Override
    public void destroy() {
        stop();
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Right after the factories, which are lazy once they start again. */
    @Override
    public int getPhase() {
        int last = factories.stream().mapToInt(LettuceConnectionFactory::getPhase).max().orElse(0);
        return last == Integer.MAX_VALUE ? last : last + 1;
    }

    /** With the factories, and not without them. */
    @Override
    public boolean isPauseable() {
        return factories.stream().anyMatch(LettuceConnectionFactory::isPauseable);
    }
}
