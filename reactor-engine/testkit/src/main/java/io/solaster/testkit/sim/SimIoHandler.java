package io.solaster.testkit.sim;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.solaster.engine.transport.ReadyIoHandle;
import org.jspecify.annotations.Nullable;

/**
 * The sockets of one simulated shard, and where the shard gives the baton away: once each turn. On the shard's thread,
 * unless a method says otherwise.
 */
final class SimIoHandler implements IoHandler {
    private static final IoEvent LOOK = new IoEvent() {};

    private final Life life;
    private final List<Registration> registrations = new ArrayList<>();
    private final ArrayList<Registration> ready = new ArrayList<>();
    private @Nullable Participant participant;

    SimIoHandler(Life life) {
        this.life = life;
    }

    @Override
    public void initialize() {
        participant = Objects.requireNonNull(Participant.current(),
                "a simulated shard runs on a thread of its simulation");
    }

    @Override
    public int run(IoHandlerContext context) {
        Participant self = Objects.requireNonNull(participant);
        if (ready.isEmpty() && context.canBlock()) {
            if (life.environment.sometimes("a shard wakes for nothing")) {
                self.pause();
            } else {
                self.await(life.environment.until(context.delayNanos(life.environment.clock().nanoTime())));
            }
        } else {
            self.pause();
        }
        self.scheduler.turned();
        context.shouldReportActiveIoTime();
        int count = ready.size();
        for (int i = 0; i < count && !ready.isEmpty(); i++) {
            // In any order, as kernels report them.
            int at = ready.size() == 1 ? 0 : self.scheduler.random().nextInt(Math.min(ready.size(), count - i));
            ready.remove(at).look();
        }
        return count;
    }

    @Override
    public void prepareToDestroy() {
        for (Registration each : List.copyOf(registrations)) {
            each.close();
        }
    }

    @Override
    public IoRegistration register(IoHandle handle) {
        Registration registration = new Registration(handle);
        registrations.add(registration);
        handle.registered();
        return registration;
    }

    /** By whoever holds the baton, but as on every transport by the shard itself too. */
    @Override
    public void wakeup() {
        Participant self = participant;
        if (self != null) {
            if (Participant.current() == null && !Thread.currentThread().isVirtual()) {
                self.scheduler.foreign(Thread.currentThread());
            }
            self.wake();
        }
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
        return ReadyIoHandle.class.isAssignableFrom(handleType);
    }

    private final class Registration implements IoRegistration {
        private final IoHandle handle;
        private boolean queued;
        private boolean valid = true;

        Registration(IoHandle handle) {
            this.handle = handle;
        }

        void look() {
            queued = false;
            if (valid) {
                handle.handle(this, LOOK);
            }
        }

        void close() {
            try {
                handle.close();
            } catch (Exception e) {
                throw new IllegalStateException(handle + " cannot be closed", e);
            }
        }

        @Override
        @SuppressWarnings({"TypeParameterUnusedInFormals", "unchecked"}) // Netty's signature
        public <T> T attachment() {
            return (T) handle;
        }

        /** Has the shard look. By whoever holds the baton. */
        @Override
        public long submit(IoOps ops) {
            if (valid && !queued) {
                queued = true;
                ready.add(this);
                Participant self = participant;
                if (self != null) {
                    self.wake();
                }
            }
            return 0;
        }

        @Override
        public boolean isValid() {
            return valid;
        }

        @Override
        public boolean cancel() {
            if (!valid) {
                return false;
            }
            valid = false;
            registrations.remove(this);
            ready.remove(this);
            handle.unregistered();
            return true;
        }
    }
}
