package io.solaster.engine.net;

import java.nio.channels.SelectableChannel;
import java.util.ArrayDeque;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
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
import io.solaster.engine.task.GroupScheduler;
import io.solaster.engine.task.GroupTask;
import io.solaster.engine.task.SchedulingGroup;
import org.jspecify.annotations.Nullable;

/**
 * Charges what sockets bring to scheduling groups. It stands between a transport and its channels: a channel belongs to
 * the group that was running when it was registered, and an event is handled at once, or queued in the group, as the
 * shard's {@link GroupScheduler} decides. The loop's, on the owning shard.
 */
@SuppressWarnings("try") // what a channel closes may be interrupted
public final class GroupIoHandler implements IoHandler {
    private final IoHandler transport;
    private @Nullable GroupScheduler scheduler;

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

    /** What libraries that are built on Netty may ask a loop for. */
    public Class<? extends IoHandler> type() {
        return transport.getClass();
    }

    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
        GroupScheduler groups = java.util.Objects.requireNonNull(scheduler, "the shard has not started");
        return transport.register(switch (handle) {
            case EpollIoHandle epoll -> new EpollCharged(epoll, groups);
            case IoUringIoHandle ring -> new IoUringCharged(ring, groups);
            case NioIoHandle nio -> new NioCharged(nio, groups);
            default -> handle;
        });
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
        transport.prepareToDestroy();
    }

    @Override
    public void destroy() {
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

    /** A channel's side towards the transport. */
    private abstract static class Charged<H extends IoHandle, E extends IoEvent> implements IoHandle, GroupTask {
        final H handle;
        private final GroupScheduler groups;
        private final SchedulingGroup group;
        private @Nullable IoRegistration registration;
        private boolean queued;
        private boolean unregistered;

        Charged(H handle, GroupScheduler groups) {
            this.handle = handle;
            this.groups = groups;
            this.group = groups.current();
        }

        @Override
        public final SchedulingGroup group() {
            return group;
        }

        @Override
        @SuppressWarnings("unchecked")
        public final void handle(IoRegistration from, IoEvent event) {
            if (!queued && groups.mayServe(group)) {
                handle.handle(from, event);
                return;
            }
            keep((E) event);
            if (!queued) {
                queued = true;
                registration = from;
                groups.execute(group, this);
            }
        }

        /** In the group's turn. */
        @Override
        public final void run() {
            queued = false;
            serveKept(java.util.Objects.requireNonNull(registration));
            if (unregistered) {
                unregistered = false;
                handle.unregistered();
            }
        }

        /** Remembers an event; the transport uses the object again. */
        abstract void keep(E event);

        abstract void serveKept(IoRegistration from);

        @Override
        public void registered() {
            handle.registered();
        }

        @Override
        public void unregistered() {
            // The channel frees what its events still need.
            if (queued) {
                unregistered = true;
            } else {
                handle.unregistered();
            }
        }

        @Override
        public void close() throws Exception {
            handle.close();
        }
    }

    private static final class EpollCharged extends Charged<EpollIoHandle, EpollIoEvent>
            implements
                EpollIoHandle,
                EpollIoEvent {
        private EpollIoOps ready = EpollIoOps.NONE;

        EpollCharged(EpollIoHandle handle, GroupScheduler groups) {
            super(handle, groups);
        }

        @Override
        public FileDescriptor fd() {
            return handle.fd();
        }

        /** Until they are served, the kernel tells of them again in each turn. */
        @Override
        void keep(EpollIoEvent event) {
            ready = ready.with(event.ops());
        }

        @Override
        void serveKept(IoRegistration from) {
            if (from.isValid()) {
                handle.handle(from, this);
            }
            ready = EpollIoOps.NONE;
        }

        @Override
        public EpollIoOps ops() {
            return ready;
        }
    }

    private static final class NioCharged extends Charged<NioIoHandle, NioIoEvent>
            implements
                NioIoHandle,
                NioIoEvent {
        private NioIoOps ready = NioIoOps.NONE;

        NioCharged(NioIoHandle handle, GroupScheduler groups) {
            super(handle, groups);
        }

        @Override
        public SelectableChannel selectableChannel() {
            return handle.selectableChannel();
        }

        @Override
        void keep(NioIoEvent event) {
            ready = ready.with(event.ops());
        }

        @Override
        void serveKept(IoRegistration from) {
            if (from.isValid()) {
                handle.handle(from, this);
            }
            ready = NioIoOps.NONE;
        }

        @Override
        public NioIoOps ops() {
            return ready;
        }
    }

    private static final class IoUringCharged extends Charged<IoUringIoHandle, IoUringIoEvent>
            implements
                IoUringIoHandle {
        private final ArrayDeque<IoUringIoEvent> completions = new ArrayDeque<>(2);

        IoUringCharged(IoUringIoHandle handle, GroupScheduler groups) {
            super(handle, groups);
        }

        @Override
        void keep(IoUringIoEvent event) {
            completions.add(new IoUringIoEvent(event.res(), event.flags(), event.opcode(), event.userData()));
        }

        /** Valid or not: each completion tells the channel of something that is no longer under way. */
        @Override
        void serveKept(IoRegistration from) {
            for (IoUringIoEvent next = completions.poll(); next != null; next = completions.poll()) {
                handle.handle(from, next);
            }
        }
    }
}
