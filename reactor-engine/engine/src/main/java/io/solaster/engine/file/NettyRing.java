package io.solaster.engine.file;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.Objects;

import io.netty.channel.IoEvent;
import io.netty.channel.IoRegistration;
import io.netty.channel.uring.IoUringIoEvent;
import io.netty.channel.uring.IoUringIoHandle;
import io.netty.channel.uring.IoUringIoOps;
import org.jspecify.annotations.Nullable;

/** The ring that a shard has for its sockets, where the transport is io_uring. On the shard. */
@SuppressWarnings("try") // what a channel closes may be interrupted
final class NettyRing implements Ring, IoUringIoHandle {
    private final FileRing files;
    private @Nullable IoRegistration registration;

    NettyRing(FileRing files) {
        this.files = files;
    }

    /** Before anything is submitted. */
    void use(IoRegistration newRegistration) {
        registration = newRegistration;
    }

    private IoRegistration registration() {
        return Objects.requireNonNull(registration, "the ring is not there yet");
    }

    /** Netty keeps the ring's descriptor to itself. */
    int descriptor() throws ReflectiveOperationException {
        Object handler = registration().attachment();
        Field field = handler.getClass().getDeclaredField("ringBuffer");
        field.setAccessible(true);
        Object buffer = field.get(handler);
        Method fd = buffer.getClass().getDeclaredMethod("fd");
        fd.setAccessible(true);
        return (int) fd.invoke(buffer);
    }

    @Override
    public long submit(byte opcode, int descriptor, long offset, long address, int length, int flags, int number) {
        return registration().submit(ops(opcode, descriptor, offset, address, length, flags, number));
    }

    private static IoUringIoOps ops(byte opcode, int descriptor, long offset, long address, int length, int flags,
            long number) {
        return new IoUringIoOps(opcode, (byte) 0, (short) 0, descriptor, offset, address, length, flags, number,
                (short) 0, (short) 0, 0, 0L);
    }

    @Override
    public void cancel(long token) {
        registration().submit(ops(RingRequest.CANCEL, -1, 0, token, 0, 0, 0));
    }

    @Override
    public void handle(IoRegistration from, IoEvent event) {
        IoUringIoEvent completion = (IoUringIoEvent) event;
        // What was to be cancelled tells of its end itself.
        if (completion.opcode() != RingRequest.CANCEL) {
            files.completed((int) completion.userData(), completion.res());
        }
    }

    /** The loop ends. */
    @Override
    public void close() {
        // What is under way comes to its end first.
        if (registration != null && files.underWay() == 0) {
            registration.cancel();
        }
    }
}
