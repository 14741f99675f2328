package io.solaster.boot.streams;

import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;

import io.solaster.engine.env.Environment;
import io.solaster.engine.file.Disk;
import io.solaster.engine.file.Disk.Handle;
import io.solaster.engine.file.Disk.Outcome;
import io.solaster.engine.file.OffShard;

/** The machine's, on whose files each sync fails from some time on. */
final class FailingDisk {
    private final AtomicBoolean failing = new AtomicBoolean();

    void fail() {
        failing.set(true);
    }

    Environment environment() {
        return proxy(Environment.class, (self, method, args) -> method.getName().equals("files")
                ? over(Environment.SYSTEM.files((OffShard) args[0]))
                : method.invoke(Environment.SYSTEM, args));
    }

    private Disk over(Disk disk) {
        return proxy(Disk.class, (self, method, args) -> {
            if (method.getName().equals("open")) {
                args[3] = over(FailingDisk.<Outcome<Handle>>cast(args[3]));
            }
            return method.invoke(disk, args);
        });
    }

    private Outcome<Handle> over(Outcome<Handle> told) {
        return new Outcome<>() {
            @Override
            public void done(Handle handle) {
                told.done(over(handle));
            }

            @Override
            public void failed(Throwable failure) {
                told.failed(failure);
            }
        };
    }

    private Handle over(Handle handle) {
        return proxy(Handle.class, (self, method, args) -> {
            if (method.getName().equals("sync") && failing.get()) {
                FailingDisk.<Outcome<?>>cast(args[0]).failed(new IOException("Input/output error"));
                return null;
            }
            return method.invoke(handle, args);
        });
    }

    @SuppressWarnings("unchecked") // by the signatures of Disk
    private static <T> T cast(Object value) {
        return (T) value;
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[]{type}, (self, method, args) -> {
            try {
                return handler.invoke(self, method, args);
            } catch (InvocationTargetException e) {
                throw e.getCause();
            }
        }));
    }
}
