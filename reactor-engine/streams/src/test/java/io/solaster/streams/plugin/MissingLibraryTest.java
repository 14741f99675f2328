package io.solaster.streams.plugin;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.List;

import io.solaster.config.plugin.PluginConfig.Kind;
import io.solaster.config.plugin.PluginLimits;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whoever configures plug-ins without what runs them is told what to add. */
final class MissingLibraryTest {
    @TempDir
    Path directory;

    /** Our classes anew, without the libraries that are optional. */
    private static final class Without extends ClassLoader {
        Without() {
            super(MissingLibraryTest.class.getClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            if (name.startsWith("org.pf4j.") || name.startsWith("run.endive.")) {
                throw new ClassNotFoundException(name);
            }
            if (!name.startsWith("io.solaster.streams.")) {
                return super.loadClass(name, resolve);
            }
            Class<?> known = findLoadedClass(name);
            return known == null ? anew(name) : known;
        }

        private Class<?> anew(String name) throws ClassNotFoundException {
            try (InputStream in = getParent().getResourceAsStream(name.replace('.', '/') + ".class")) {
                if (in == null) {
                    throw new ClassNotFoundException(name);
                }
                byte[] bytes = in.readAllBytes();
                return defineClass(name, bytes, 0, bytes.length);
            } catch (IOException e) {
                throw new ClassNotFoundException(name, e);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"JAVA, org.pf4j:pf4j", "WASM, run.endive:runtime and run.endive:compiler"})
    void isNamed(Kind kind, String needed) throws Exception {
        Method load = new Without().loadClass(Plugins.class.getName()).getDeclaredMethod("load", Kind.class,
                String.class, Path.class, List.class, PluginLimits.class);
        load.setAccessible(true);
        assertThatThrownBy(() -> load.invoke(null, kind, "a", directory.resolve("a"), List.of(),
                PluginRig.config("orders").limits())).isInstanceOf(InvocationTargetException.class).cause()
                .hasMessageContaining("need " + needed + "; add");
    }
}
