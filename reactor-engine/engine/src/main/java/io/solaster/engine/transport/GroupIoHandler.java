package io.solaster.engine.transport;

import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.function.BooleanSupplier;

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
import io.netty.util.concurrent.ThreadAwareExecutor;
import io.solaster.config.Internal;
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Charges what sockets bring to scheduling groups. It stands between a transport and its channels: a channel belongs to
 * the group that was running when it was registered, and an event is handled at once, or queued in the group, as the
 * shard's {@link GroupScheduler} decides. The loop's, on the owning shard. Longer than 500 lines because each transport tells
 * of its events in a way of its own, and what is alike is said once, above them.
 */
@Internal
@SuppressWarnings("try") // what a channel closes may be interrupted
public final class GroupIoHandler implements IoHandler {
    private static final Logger log = LoggerFactory.getLogger(GroupIoHandler.class);
    /**
     * Times that a socket is told of again while it waits: that costs a fraction of the two system calls by which it is
     * silenced and heard again.
     */
    static final int MOST_TOLD = 8;

    private final IoHandler transport;
    private @Nullable GroupScheduler scheduler;
    private BooleanSupplier holdsBack = () -> false;
    /** What is registered and closes by operations of a ring. */
    private int rings;

    private GroupIoHandler(IoHandler transport) {
        this.transport = transport;
    }

    /** Puts the groups in front of a transport. */
    public static IoHandlerFactory over(IoHandlerFactory transport) {
        return new IoHandlerFactory() {
            @Override
            public IoHandler newHandler(ThreadAwareExecutor executor) {
                return new GroupIoHandler(transport.newHandler(executor));
            }

            @Override
            public boolean isChangingThreadSupported() {
                return transport.isChangingThreadSupported();
            }
        };
    }

    /** Before the loop runs. */
    public void use(GroupScheduler newScheduler) {
        scheduler = newScheduler;
    }

    /**
     * Keeps the transport's channels for as long as something is so while the loop shuts down: io_uring closes them and waits
     * in the kernel for all that was ever submitted. On the shard.
     */
    public void closeNothingWhile(BooleanSupplier condition) {
        holdsBack = condition;
    }

    /** Whether something that was closed needs more turns of the loop, in which its operations come back. */
    public boolean isClosing() {
        return rings > 0;
    }

    /** What libraries that are built on Netty may ask a loop for. */
    public Class<? extends IoHandler> type() {
        return transport.getClass();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        return register(handle, scheduler().current());
    }

    /** As {@link #register(IoHandle)}, for what belongs to a group whatever runs. On the shard. */
    public IoRegistration register(IoHandle handle, SchedulingGroup group) throws Exception {
        GroupScheduler groups = scheduler();
        Charged<?, ?> charged = switch (handle) {
            case EpollIoHandle epoll -> new EpollCharged(epoll, groups, group);
            case IoUringIoHandle ring -> new IoUringCharged(this, ring, groups, group);
            case NioIoHandle nio -> new NioCharged(nio, groups, group);
            case ReadyIoHandle ready -> new ReadyCharged(ready, groups, group);
            default -> null;
        };
        if (charged == null) {
            return transport.register(handle);
        }
        charged.registration = transport.register(charged);
        return charged;
    }

    private GroupScheduler scheduler() {
        return Objects.requireNonNull(scheduler, "the shard has not started");
    }

    @Override
    public void initialize() {
        transport.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
        return transport.run(context);
    }

    @Override
    public void prepareToDestroy() {
        // What channels hear while they close is served at once: their turn might not come any more.
        scheduler().holdNobodyBack();
        if (!holdsBack.getAsBoolean()) {
            transport.prepareToDestroy();
        }
    }

    @Override
    public void destroy() {
        scheduler().runLast(Charged.class);
        transport.destroy();
    }

    @Override
    public void wakeup() {
        transport.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return transport.isCompatible(handleType);
    }

    /**
     * A channel's side towards the transport, and the transport's towards the channel. Channels expect
     * their events one at a time, in the order of their coming, and {@link #unregistered()} after the last.
     */
    private abstract static class Charged<H extends IoHandle, E extends IoEvent>
            implements
                IoHandle,
                IoRegistration,
                GroupTask {
        final H handle;
        final GroupScheduler groups;
        private final SchedulingGroup group;
        private @Nullable IoRegistration registration;
        /** In the group's queue. */
        private boolean queued;
        /** How often the transport has told again of what waits there. */
        private int told;
        private boolean serving;
        private boolean unregistered;

        Charged(H handle, GroupScheduler groups, SchedulingGroup group) {
            this.handle = handle;
            this.groups = groups;
            this.group = group;
        }

        @Override
        public final SchedulingGroup group() {
            return group;
        }

        @Override
        @SuppressWarnings("unchecked")
        public final void handle(IoRegistration from, IoEvent ioEvent) {
            E event = (E) ioEvent;
            if (queued) {
                if (!groups.holdsNobodyBack() && mayKeep(event)) {
                    keep(event);
                    if (++told >= MOST_TOLD) {
                        stillWaits();
                    }
                    return;
                }
                // All of it: the event must not overtake what came before.
                do {
                    serveWhatIsKept();
                } while (isKeeping());
            } else if (!groups.mayServe(group) && mayKeep(event)) {
                keep(event);
                queue();
                return;
            }
            serve(event);
        }

        private void queue() {
            queued = true;
            told = 0;
            groups.execute(group, this);
        }

        /** In the group's turn. */
        @Override
        public final void run() {
            queued = false;
            serveWhatIsKept();
            if (isKeeping()) {
                queue();
            } else if (unregistered) {
                unregistered = false;
                handle.unregistered();
            }
        }

        private void serveWhatIsKept() {
            serving = true;
            try {
                serveKept();
            } finally {
                serving = false;
            }
        }

        /** Whether it is served at once or in its turn, what a handler throws ends neither the others' turn nor the loop. */
        void serve(IoEvent event) {
            try {
                handle.handle(this, event);
            } catch (Throwable failure) {
                log.error("An event of a socket failed in group '{}': {}", group, handle, failure);
            }
        }

        /** Whether the event may wait; if not, it comes at once, after those that wait. */
        boolean mayKeep(E event) {
            return true;
        }

        /** Remembers an event; the transport uses the object again. */
        abstract void keep(E event);

        /** The transport has told again of what is kept already {@link #MOST_TOLD} times, and would do so in every turn. */
        void stillWaits() {}

        abstract void serveKept();

        /** Whether {@link #serveKept} has left something for another turn. */
        boolean isKeeping() {
            return false;
        }

        @Override
        public void registered() {
            handle.registered();
        }

        @Override
        public void unregistered() {
            // The channel frees what its events still need.
            if (queued || serving) {
                unregistered = true;
            } else {
                handle.unregistered();
            }
        }

        @Override
        public final void close() throws Exception {
            handle.close();
        }

        final IoRegistration registration() {
            return Objects.requireNonNull(registration, "the channel is being registered");
        }

        @Override
        @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature
        public final <T> T attachment() {
            return registration().attachment();
        }

        @Override
        public long submit(IoOps ops) {
            return registration().submit(ops);
        }

        @Override
        public final boolean isValid() {
            return registration().isValid();
        }

        @Override
        public final boolean cancel() {
            return registration().cancel();
        }
    }

    /**
     * The kernel tells of a ready socket in every turn until it is served. One that is told of again and again while it
     * waits is told of on changes only from there: else a group that is held back would keep the loop awake, and many
     * that wait would cost each turn its time.
     */
    private static final class EpollCharged extends Charged<EpollIoHandle, EpollIoEvent>
            implements
                EpollIoHandle,
                EpollIoEvent {
        /** What the kernel tells of only where it was asked for. */
        private static final int ON_DEMAND = EpollIoOps.EPOLLIN.value() | EpollIoOps.EPOLLOUT.value()
                | EpollIoOps.EPOLLRDHUP.value();

        private EpollIoOps ready = EpollIoOps.NONE;
        private EpollIoOps served = EpollIoOps.NONE;
        private EpollIoOps wanted = EpollIoOps.NONE;
        private EpollIoOps onChange = EpollIoOps.EPOLLET;
        private boolean quiet;
        /** The kernel knows the socket. */
        private boolean added;

        EpollCharged(EpollIoHandle handle, GroupScheduler groups, SchedulingGroup group) {
            super(handle, groups, group);
        }

        @Override
        public FileDescriptor fd() {
            return handle.fd();
        }

        @Override
        public long submit(IoOps ops) {
            wanted = (EpollIoOps) ops;
            if (wanted.value() == 0) {
                quiet = false;
                // Netty would take the socket out, forget that it has, and fail when the socket wants something again.
                return registration().submit(added ? EpollIoOps.EPOLLET : ops);
            }
            added = true;
            return registration().submit(quiet ? onChange() : ops);
        }

        private EpollIoOps onChange() {
            int value = wanted.value() | EpollIoOps.EPOLLET.value();
            if (onChange.value() != value) {
                onChange = EpollIoOps.valueOf(value);
            }
            return onChange;
        }

        @Override
        void keep(EpollIoEvent event) {
            // Netty's with() takes one bit in common for all.
            int both = ready.value() | event.ops().value();
            ready = ready.value() == 0 ? event.ops() : both == ready.value() ? ready : EpollIoOps.valueOf(both);
        }

        @Override
        void stillWaits() {
            if (!quiet && wanted.value() != 0 && isValid()) {
                quiet = true;
                registration().submit(onChange());
            }
        }

        @Override
        void serveKept() {
            int value = ready.value() & (wanted.value() | ~ON_DEMAND);
            served = value == ready.value() ? ready : EpollIoOps.valueOf(value);
            ready = EpollIoOps.NONE;
            if (!isValid()) {
                return;
            }
            if (quiet) {
                quiet = false;
                registration().submit(wanted);
            }
            if (value != 0) {
                serve(this);
            }
        }

        @Override
        public EpollIoOps ops() {
            return served;
        }
    }

    /** As with epoll, but the JDK knows no changes: what waits is not asked for until it is served. */
    private static final class NioCharged extends Charged<NioIoHandle, NioIoEvent>
            implements
                NioIoHandle,
                NioIoEvent {
        private NioIoOps ready = NioIoOps.NONE;
        private NioIoOps served = NioIoOps.NONE;
        private int withheld;

        NioCharged(NioIoHandle handle, GroupScheduler groups, SchedulingGroup group) {
            super(handle, groups, group);
        }

        @Override
        public SelectableChannel selectableChannel() {
            return handle.selectableChannel();
        }

        @Override
        public long submit(IoOps ops) {
            withheld &= ~((NioIoOps) ops).value();
            return registration().submit(ops);
        }

        private int interest() {
            return ((SelectionKey) attachment()).interestOps();
        }

        @Override
        void keep(NioIoEvent event) {
            int both = ready.value() | event.ops().value();
            ready = ready.value() == 0 ? event.ops() : both == ready.value() ? ready : NioIoOps.valueOf(both);
        }

        @Override
        void stillWaits() {
            if (isValid()) {
                int interest = interest();
                withheld |= interest & ready.value();
                int rest = interest & ~withheld;
                registration().submit(rest == 0 ? NioIoOps.NONE : NioIoOps.valueOf(rest));
            }
        }

        @Override
        void serveKept() {
            NioIoOps kept = ready;
            ready = NioIoOps.NONE;
            if (!isValid()) {
                return;
            }
            int interest = interest() | withheld;
            if (withheld != 0) {
                withheld = 0;
                registration().submit(NioIoOps.valueOf(interest));
            }
            int value = kept.value() & interest;
            if (value != 0) {
                served = value == kept.value() ? kept : NioIoOps.valueOf(value);
                serve(this);
            }
        }

        @Override
        public NioIoOps ops() {
            return served;
        }
    }

    /** An event says no more than the next one does, so that the last is kept. */
    private static final class ReadyCharged extends Charged<ReadyIoHandle, IoEvent> implements ReadyIoHandle {
        private @Nullable IoEvent kept;

        ReadyCharged(ReadyIoHandle handle, GroupScheduler groups, SchedulingGroup group) {
            super(handle, groups, group);
        }

        @Override
        void keep(IoEvent event) {
            kept = event;
        }

        @Override
        void serveKept() {
            IoEvent event = kept;
            kept = null;
            if (event != null && isValid()) {
                serve(event);
            }
        }
    }

    /**
     * Each completion counts, and tells of something that is no longer under way, be the registration valid or not.
     *
     * <p>
     * A channel reads on while the kernel says that more waits, and else polls again. The kernel says so of an end that the
     * other side has sent, but not of a reset. One that came before the last bytes were read has used up the polls, so that the
     * channel would wait for ever: what is read after the news of an end is therefore always said to be followed by more.
     */
    private static final class IoUringCharged extends Charged<IoUringIoHandle, IoUringIoEvent>
            implements
                IoUringIoHandle {
        /** Completions of one channel that one turn of its group serves. */
        private static final int BATCH = 16;
        /** One request may bring many: connections, say, where nothing else bounds them. */
        private static final int MOST_KEPT = 1024;
        /** Linux's numbers, which Netty keeps to itself. */
        private static final byte POLL_ADD = 6;
        private static final byte RECV = 27;
        private static final int SOCK_NONEMPTY = 1 << 2;
        private static final int POLLRDHUP = 0x2000;

        private final GroupIoHandler home;
        /** Those that wait for their turn. Made when one does first. */
        private @Nullable ArrayDeque<IoUringIoEvent> completions;
        /** The other side sends no more: it has ended its side, or reset the connection. */
        private boolean hungUp;

        IoUringCharged(GroupIoHandler home, IoUringIoHandle handle, GroupScheduler groups, SchedulingGroup group) {
            super(handle, groups, group);
            this.home = home;
        }

        @Override
        public void registered() {
            home.rings++;
            super.registered();
        }

        @Override
        public void unregistered() {
            home.rings--;
            super.unregistered();
        }

        @Override
        void serve(IoEvent event) {
            super.serve(untilTheEnd((IoUringIoEvent) event));
        }

        private IoUringIoEvent untilTheEnd(IoUringIoEvent event) {
            int result = event.res();
            if (event.opcode() == POLL_ADD) {
                hungUp |= result > 0 && (result & POLLRDHUP) != 0;
            } else if (hungUp && event.opcode() == RECV && result > 0 && (event.flags() & SOCK_NONEMPTY) == 0) {
                return new IoUringIoEvent(result, event.flags() | SOCK_NONEMPTY, RECV, event.userData());
            }
            return event;
        }

        @Override
        boolean mayKeep(IoUringIoEvent event) {
            // Extra data lies in the ring, which is overwritten.
            return event.extraCqeData() == null && kept() < MOST_KEPT;
        }

        @Override
        void keep(IoUringIoEvent event) {
            ArrayDeque<IoUringIoEvent> into = completions == null ? new ArrayDeque<>(2) : completions;
            completions = into;
            into.add(new IoUringIoEvent(event.res(), event.flags(), event.opcode(), event.userData()));
        }

        private int kept() {
            return completions == null ? 0 : completions.size();
        }

        @Override
        void serveKept() {
            int most = groups.holdsNobodyBack() || kept() >= MOST_KEPT ? Integer.MAX_VALUE : BATCH;
            for (int i = 0; i < most; i++) {
                IoUringIoEvent next = completions == null ? null : completions.poll();
                if (next == null) {
                    return;
                }
                serve(next);
            }
        }

        @Override
        boolean isKeeping() {
            return kept() > 0;
        }
    }
}
