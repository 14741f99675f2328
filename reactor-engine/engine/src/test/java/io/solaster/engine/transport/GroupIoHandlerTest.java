package io.solaster.engine.transport;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

import com.sun.management.ThreadMXBean;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.nio.NioIoEvent;
import io.netty.channel.nio.NioIoHandle;
import io.netty.channel.nio.NioIoOps;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.GroupConfig;
import io.solaster.engine.Engines;
import io.solaster.engine.stats.ShardStats;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.task.SchedulingGroups;
import org.junit.jupiter.api.Test;

/** What a channel hears of a transport that a test plays, event by event. */
class GroupIoHandlerTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final SchedulingGroups groups = new SchedulingGroups(Map.of());
    private final SchedulingGroup slow = groups.create("slow", GroupConfig.defaults().withRateLimit(1_000_000));
    private long now = 1;
    private final GroupScheduler scheduler = new GroupScheduler(groups, 0, Duration.ofNanos(500_000), () -> now,
            new ShardStats(), null);
    private final Played transport = new Played();
    private final IoHandler handler = GroupIoHandler.over(played()).newHandler(null);
    private final List<String> heard = new ArrayList<>();

    GroupIoHandlerTest() {
        ((GroupIoHandler) handler).use(scheduler);
    }

    @Test
    void completionsThatWaitAreServedInOrderEachOnce() {
        IoHandle ring = registerRing();
        for (int i = 0; i < 100; i++) {
            complete(ring, i);
        }
        assertThat(heard).isEmpty();
        turn();
        complete(ring, 100);
        turns(20);
        List<String> expected = new ArrayList<>();
        for (int i = 0; i <= 100; i++) {
            expected.add("completion " + i);
        }
        assertThat(heard).isEqualTo(expected);
    }

    @Test
    void oneTurnServesSomeOfTheCompletionsOfOneChannel() {
        IoHandle ring = registerRing();
        for (int i = 0; i < 100; i++) {
            complete(ring, i);
        }
        scheduler.begin(now);
        now += 499_999;
        scheduler.serve();
        now += 1;
        List<Integer> after = new ArrayList<>();
        scheduler.execute(slow, () -> after.add(heard.size()));
        turns(20);
        assertThat(after).containsExactly(16);
    }

    @Test
    void anEventKeepsAllThatItCarries() {
        List<IoUringIoEvent> events = new ArrayList<>();
        IoHandle ring = register(new Ring(event -> events.add((IoUringIoEvent) event)));
        IoUringIoEvent event = new IoUringIoEvent(-5, 0xffff_0003, (byte) 27, Long.MIN_VALUE + 3);
        ring.handle(transport.registration, event);
        turn();
        assertThat(events).singleElement().isNotSameAs(event).hasToString(event.toString())
                .satisfies(copy -> assertThat(copy.flags()).isEqualTo(0xffff_0003));
    }

    /** The kernel does not say so of a reset, and a channel that polls would not hear of it again. */
    @Test
    void whatIsReadAfterTheNewsOfAnEndIsFollowedByMore() {
        List<String> seen = new ArrayList<>();
        IoHandle ring = register(new Ring(event -> {
            IoUringIoEvent each = (IoUringIoEvent) event;
            seen.add(each.opcode() + " " + each.res() + " " + Integer.toHexString(each.flags()));
        }));
        byte poll = 6;
        byte recv = 27;
        int hungUp = 0x2000;
        // Cancelled, which has the bit by chance.
        ring.handle(transport.registration, new IoUringIoEvent(-125, 0, poll, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(1, 0, poll, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(3, 0, recv, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(hungUp, 0, poll, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(3, 0x5_0001, recv, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(hungUp, 0, (byte) 26, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(3, 4, recv, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(0, 0, recv, 7L));
        ring.handle(transport.registration, new IoUringIoEvent(-104, 0, recv, 7L));
        turns(2);
        assertThat(seen).containsExactly("6 -125 0", "6 1 0", "27 3 0", "6 8192 0", "27 3 50005", "26 8192 0",
                "27 3 4", "27 0 0", "27 -104 0");
    }

    @Test
    void aChannelIsUnregisteredAfterItsLastCompletion() {
        IoHandle ring = registerRing();
        for (int i = 0; i < 40; i++) {
            complete(ring, i);
        }
        ring.unregistered();
        turns(10);
        assertThat(heard).hasSize(41).endsWith("completion 39", "unregistered");
    }

    /** A channel that hears of its close ends its registration, though other completions wait behind. */
    @Test
    void aChannelThatUnregistersItselfStillHearsWhatWaits() {
        IoHandle[] ring = new IoHandle[1];
        ring[0] = register(new Ring(event -> {
            heard.add("completion " + ((IoUringIoEvent) event).res());
            if (((IoUringIoEvent) event).res() == 0) {
                ring[0].unregistered();
            }
        }));
        complete(ring[0], 0);
        complete(ring[0], 1);
        turns(2);
        assertThat(heard).containsExactly("completion 0", "completion 1", "unregistered");
    }

    @Test
    void aHandlerThatThrowsLosesNothingOfWhatWaits() {
        IoHandle ring = register(new Ring(event -> {
            heard.add("completion " + ((IoUringIoEvent) event).res());
            throw new AssertionError("on purpose");
        }));
        complete(ring, 0);
        complete(ring, 1);
        ring.unregistered();
        turn();
        assertThat(heard).containsExactly("completion 0", "completion 1", "unregistered");
        slow.update(GroupConfig.defaults());
        scheduler.begin(now);
        complete(ring, 2);
        assertThat(heard).endsWith("completion 2");
    }

    @Test
    void whatMayNotWaitAnyLongerComesAfterWhatWaits() {
        IoHandle ring = registerRing();
        for (int i = 0; i < 2_000; i++) {
            complete(ring, i);
        }
        assertThat(heard).hasSizeBetween(1, 1_999).endsWith("completion " + (heard.size() - 1));
        turns(200);
        assertThat(heard).hasSize(2_000).endsWith("completion 1999");
    }

    @Test
    void aShardThatStopsServesAtOnceWhatWaits() {
        IoHandle ring = registerRing();
        complete(ring, 0);
        handler.prepareToDestroy();
        complete(ring, 1);
        complete(ring, 2);
        ring.unregistered();
        assertThat(heard).containsExactly("completion 0", "completion 1", "completion 2");
        handler.destroy();
        assertThat(heard).endsWith("unregistered");
    }

    @Test
    void aShardThatStopsLetsGoOfNoEvent() {
        IoHandle ring = registerRing();
        scheduler.execute(slow, () -> heard.add("a task"));
        for (int i = 0; i < 40; i++) {
            complete(ring, i);
        }
        handler.prepareToDestroy();
        handler.destroy();
        assertThat(heard).hasSize(40).doesNotContain("a task").endsWith("completion 39");
    }

    @Test
    void epollEventsAreToldTogetherWithAllTheirBits() {
        Engines.assumeAvailable(Transport.EPOLL);
        int in = EpollIoOps.EPOLLIN.value();
        int both = in | EpollIoOps.EPOLLRDHUP.value();
        IoHandle socket = register(new Epoll(event -> heard.add("ready " + event.ops().value())));
        want(both | EpollIoOps.EPOLLOUT.value());
        ready(socket, in);
        ready(socket, both);
        ready(socket, in);
        turn();
        assertThat(heard).containsExactly("ready " + both);
    }

    @Test
    void aSocketThatWaitsLongIsToldOfOnChangesOnlyUntilItIsServed() {
        Engines.assumeAvailable(Transport.EPOLL);
        int in = EpollIoOps.EPOLLIN.value();
        IoHandle socket = register(new Epoll(event -> heard.add("ready " + event.ops().value())));
        want(in);
        for (int i = 0; i < GroupIoHandler.MOST_TOLD; i++) {
            ready(socket, in);
        }
        assertThat(transport.asked).containsExactly(in);
        ready(socket, in);
        ready(socket, in);
        int onChange = in | EpollIoOps.EPOLLET.value();
        assertThat(transport.asked).containsExactly(in, onChange);
        int more = in | EpollIoOps.EPOLLOUT.value();
        want(more);
        assertThat(transport.asked).endsWith(more | EpollIoOps.EPOLLET.value());
        turn();
        assertThat(transport.asked).hasSize(4).endsWith(more);
        assertThat(heard).containsExactly("ready " + in);
    }

    /** Netty would take it out, forget that it has, and fail with ENOENT when the socket wants something again. */
    @Test
    void aSocketThatWantsNothingForAWhileIsNotTakenOutOfEpoll() {
        Engines.assumeAvailable(Transport.EPOLL);
        int in = EpollIoOps.EPOLLIN.value();
        int out = EpollIoOps.EPOLLOUT.value();
        int nothingButChanges = EpollIoOps.EPOLLET.value();
        register(new Epoll(event -> heard.add("ready " + event.ops().value())));
        want(0);
        assertThat(transport.asked).as("the kernel does not know it yet").containsExactly(0);
        want(in);
        want(0);
        want(0);
        want(out);
        assertThat(transport.asked).containsExactly(0, in, nothingButChanges, nothingButChanges, out);
    }

    @Test
    void whoDoesNotWantToReadAnyMoreIsNotMadeTo() {
        Engines.assumeAvailable(Transport.EPOLL);
        int in = EpollIoOps.EPOLLIN.value();
        int error = EpollIoOps.EPOLLERR.value();
        IoHandle socket = register(new Epoll(event -> heard.add("ready " + event.ops().value())));
        want(in);
        ready(socket, in);
        want(EpollIoOps.EPOLLRDHUP.value());
        turn();
        assertThat(heard).isEmpty();
        ready(socket, in | error);
        turn();
        assertThat(heard).containsExactly("ready " + error);
    }

    @Test
    void aSocketThatClosedWhileItWaitedHearsNothing() {
        Engines.assumeAvailable(Transport.EPOLL);
        int in = EpollIoOps.EPOLLIN.value();
        IoHandle socket = register(new Epoll(event -> heard.add("ready")));
        want(in);
        ready(socket, in);
        ready(socket, in);
        transport.valid = false;
        socket.unregistered();
        int asked = transport.asked.size();
        turn();
        assertThat(heard).containsExactly("unregistered");
        assertThat(transport.asked).hasSize(asked);
    }

    @Test
    void onNioWhatWaitsIsNotAskedForUntilItIsServed() throws IOException {
        Pipe pipe = Pipe.open();
        try (Selector selector = Selector.open(); Pipe.SourceChannel source = pipe.source(); var sink = pipe.sink()) {
            source.configureBlocking(false);
            sink.write(ByteBuffer.wrap(new byte[1]));
            transport.key = source.register(selector, 0);
            IoHandle socket = register(new Nio(event -> heard.add("ready " + event.ops().value())));
            charged().submit(NioIoOps.READ);
            ready(socket, NioIoOps.READ);
            assertThat(selector.selectNow()).isEqualTo(1);
            for (int i = 0; i < GroupIoHandler.MOST_TOLD; i++) {
                assertThat(transport.key.interestOps()).isEqualTo(SelectionKey.OP_READ);
                ready(socket, NioIoOps.READ);
            }
            assertThat(transport.key.interestOps()).isZero();
            turn();
            assertThat(heard).containsExactly("ready " + SelectionKey.OP_READ);
            assertThat(transport.key.interestOps()).isEqualTo(SelectionKey.OP_READ);
            ready(socket, NioIoOps.READ);
            charged().submit(NioIoOps.NONE);
            turn();
            assertThat(heard).hasSize(1);
        }
    }

    @Test
    void waitingCostsNoMemory() {
        Engines.assumeAvailable(Transport.EPOLL);
        int[] served = new int[1];
        IoHandle epoll = register(new Epoll(event -> served[0]++));
        want(EpollIoOps.EPOLLIN.value());
        assertWaitingCostsNothing(epoll, (EpollIoEvent) () -> EpollIoOps.EPOLLIN);
        transport.key = new PlayedKey();
        transport.key.interestOps(SelectionKey.OP_READ);
        IoHandle nio = register(new Nio(event -> served[0]++));
        assertWaitingCostsNothing(nio, (NioIoEvent) () -> NioIoOps.READ);
        assertThat(served[0]).isGreaterThan(200_000);
    }

    private void assertWaitingCostsNothing(IoHandle socket, IoEvent event) {
        long before = 0;
        int rounds = 100_000;
        for (int i = -10_000; i < rounds; i++) {
            if (i == 0) {
                before = THREADS.getCurrentThreadAllocatedBytes();
            }
            socket.handle(transport.registration, event);
            // Told of again, now and then.
            for (int again = 0; i % 4 == 0 && again < GroupIoHandler.MOST_TOLD; again++) {
                socket.handle(transport.registration, event);
            }
            turn();
        }
        assertThat((THREADS.getCurrentThreadAllocatedBytes() - before) / rounds).as("bytes an event").isZero();
    }

    private IoHandle registerRing() {
        return register(new Ring(event -> heard.add("completion " + ((IoUringIoEvent) event).res())));
    }

    /** In the group, so that its events wait. */
    private IoHandle register(IoHandle handle) {
        scheduler.execute(slow, () -> {
            try {
                transport.charged = handler.register(handle);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        turn();
        return Objects.requireNonNull(transport.handle);
    }

    private IoRegistration charged() {
        return Objects.requireNonNull(transport.charged);
    }

    private void want(int ops) {
        charged().submit(EpollIoOps.valueOf(ops));
    }

    private void ready(IoHandle socket, int ops) {
        scheduler.begin(now);
        socket.handle(transport.registration, (EpollIoEvent) () -> EpollIoOps.valueOf(ops));
        scheduler.serve();
    }

    private void ready(IoHandle socket, NioIoOps ops) {
        scheduler.begin(now);
        socket.handle(transport.registration, (NioIoEvent) () -> ops);
        scheduler.serve();
    }

    private void complete(IoHandle ring, int result) {
        ring.handle(transport.registration, new IoUringIoEvent(result, 0, (byte) 1, 7L));
    }

    private void turns(int count) {
        for (int i = 0; i < count; i++) {
            turn();
        }
    }

    private void turn() {
        now += 1_000_000;
        scheduler.begin(now);
        scheduler.run(scheduler.serve());
    }

    private IoHandlerFactory played() {
        return executor -> transport;
    }

    private interface Hears<E> {
        void hear(E event);
    }

    private class Handle<E> implements IoHandle {
        private final Hears<E> hears;

        Handle(Hears<E> hears) {
            this.hears = hears;
        }

        @Override
        @SuppressWarnings("unchecked")
        public void handle(IoRegistration registration, IoEvent event) {
            hears.hear((E) event);
        }

        @Override
        public void unregistered() {
            heard.add("unregistered");
        }

        @Override
        public void close() {}
    }

    private final class Ring extends Handle<IoEvent> implements IoUringIoHandle {
        Ring(Hears<IoEvent> hears) {
            super(hears);
        }
    }

    private final class Epoll extends Handle<EpollIoEvent> implements EpollIoHandle {
        Epoll(Hears<EpollIoEvent> hears) {
            super(hears);
        }

        @Override
        public FileDescriptor fd() {
            return new FileDescriptor(1_000_000);
        }
    }

    private final class Nio extends Handle<NioIoEvent> implements NioIoHandle {
        Nio(Hears<NioIoEvent> hears) {
            super(hears);
        }

        @Override
        public SelectableChannel selectableChannel() {
            return transport.key.channel();
        }
    }

    private static final class PlayedKey extends SelectionKey {
        private int interest;

        @Override
        public SelectableChannel channel() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Selector selector() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean isValid() {
            return true;
        }

        @Override
        public void cancel() {}

        @Override
        public int interestOps() {
            return interest;
        }

        @Override
        public SelectionKey interestOps(int ops) {
            interest = ops;
            return this;
        }

        @Override
        public int readyOps() {
            return interest;
        }
    }

    /** Does nothing of its own accord. */
    private static final class Played implements IoHandler {
        private final List<Integer> asked = new ArrayList<>();
        private IoHandle handle;
        private IoRegistration charged;
        private SelectionKey key;
        private boolean valid = true;

        private final IoRegistration registration = new IoRegistration() {
            @Override
            @SuppressWarnings("unchecked")
            public <T> T attachment() {
                return (T) key;
            }

            @Override
            public long submit(IoOps ops) {
                if (ops instanceof EpollIoOps epoll) {
                    if (asked.size() < 1_000) {
                        asked.add(epoll.value());
                    }
                } else {
                    key.interestOps(((NioIoOps) ops).value());
                }
                return 1;
            }

            @Override
            public boolean isValid() {
                return valid;
            }

            @Override
            public boolean cancel() {
                boolean was = valid;
                valid = false;
                return was;
            }
        };

        @Override
        public IoRegistration register(IoHandle newHandle) {
            handle = newHandle;
            return registration;
        }

        @Override
        public int run(IoHandlerContext context) {
            return 0;
        }

        @Override
        public void prepareToDestroy() {}

        @Override
        public void destroy() {}

        @Override
        public void wakeup() {}

        @Override
        public boolean isCompatible(Class<? extends IoHandle> handleType) {
            return true;
        }
    }
}
