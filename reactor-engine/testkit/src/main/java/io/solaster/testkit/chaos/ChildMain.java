package io.solaster.testkit.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;

/**
 * What a {@link ChildJvm} begins with: it ends when its parent does, however that ends. The parent holds the other end of
 * its input; where Linux is, the kernel looks after it too, since one that is stopped reads nothing.
 */
final class ChildMain {
    /** What a child ends with whose parent is gone. */
    private static final int ORPHANED = 113;

    private ChildMain() {}

    /**
     * Runs another class's main.
     *
     * @param arguments the class whose main is to run, and its arguments
     */
    public static void main(String[] arguments) throws Throwable {
        if (Signals.isLinux()) {
            Signals.dieWithParent();
        }
        InputStream fromParent = System.in;
        PipedOutputStream toMain = new PipedOutputStream();
        System.setIn(new PipedInputStream(toMain, 1 << 16));
        Thread.ofPlatform().daemon().name("parent-watch").start(() -> watch(fromParent, toMain));
        Method main = Class.forName(arguments[0]).getDeclaredMethod("main", String[].class);
        main.setAccessible(true);
        try {
            main.invoke(null, (Object) Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static void watch(InputStream fromParent, PipedOutputStream toMain) {
        byte[] buffer = new byte[1024];
        try {
            for (int read = fromParent.read(buffer); read >= 0; read = fromParent.read(buffer)) {
                toMain.write(buffer, 0, read);
                toMain.flush();
            }
        } catch (IOException e) {
            // As good as its end.
        }
        Runtime.getRuntime().halt(ORPHANED);
    }
}
