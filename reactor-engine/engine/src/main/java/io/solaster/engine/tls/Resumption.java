package io.solaster.engine.tls;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslHandler;
import io.solaster.config.Internal;
import org.jspecify.annotations.Nullable;

/** Whether a handshake resumed a session. On the owning shard. */
@Internal
public final class Resumption {

    private Resumption() {}

    /**
     * Whether this handshake, which has just succeeded, did.
     *
     * @param begun the time of day in milliseconds when the client's hello came
     */
    public static boolean isResumed(SslHandler handler, long begun) {
        if (handler.engine() instanceof ReferenceCountedOpenSslEngine engine) {
            return OpenSslSide.isReused(engine.sslPointer());
        }
        // The JDK does not tell; but a session that is resumed keeps the time when it was made.
        return handler.engine().getSession().getCreationTime() < begun;
    }

    /** What Netty's classes do not show; tcnative need not be there when this is compiled. */
    private static final class OpenSslSide {
        private static final @Nullable MethodHandle REUSED = find();

        private static @Nullable MethodHandle find() {
            try {
                return MethodHandles.lookup().findStatic(Class.forName("io.netty.internal.tcnative.SSL"),
                        "isSessionReused", MethodType.methodType(boolean.class, long.class));
            } catch (ReflectiveOperationException | LinkageError e) {
                return null;
            }
        }

        static boolean isReused(long ssl) {
            try {
                return REUSED != null && ssl != 0 && (boolean) REUSED.invokeExact(ssl);
            } catch (Throwable e) {
                return false;
            }
        }
    }
}
