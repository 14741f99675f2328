package io.solaster.streams.plugin;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;

import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Makes jars of plug-ins out of source text. */
final class PluginJar {
    private static final Map<String, Map<String, byte[]>> COMPILED = new HashMap<>();

    private final Map<String, String> manifest = new HashMap<>();
    private final Map<String, byte[]> entries = new HashMap<>();

    /** A plug-in whose only class is a processor with this body. */
    static byte[] of(String id, String version, String body) {
        return named(id, version).processor(body).build();
    }

    static PluginJar named(String id, String version) {
        PluginJar jar = new PluginJar();
        jar.manifest.put("Plugin-Id", id);
        jar.manifest.put("Plugin-Version", version);
        return jar;
    }

    PluginJar manifest(String name, String value) {
        manifest.put(name, value);
        return this;
    }

    PluginJar processor(String body) {
        source("sample.Sample", "package sample; import io.solaster.streams.plugin.*;"
                + "public class Sample implements Processor {" + body + "}");
        return service("sample.Sample");
    }

    PluginJar service(String className) {
        entries.put("META-INF/services/" + Processor.class.getName(), className.getBytes(StandardCharsets.UTF_8));
        return this;
    }

    PluginJar source(String name, String text) {
        entries.putAll(compile(name, text));
        return this;
    }

    byte[] build() {
        Manifest main = new Manifest();
        main.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
        manifest.forEach(main.getMainAttributes()::putValue);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JarOutputStream jar = new JarOutputStream(bytes, main)) {
            for (Map.Entry<String, byte[]> entry : entries.entrySet()) {
                jar.putNextEntry(new JarEntry(entry.getKey()));
                jar.write(entry.getValue());
                jar.closeEntry();
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        return bytes.toByteArray();
    }

    private static synchronized Map<String, byte[]> compile(String name, String text) {
        return COMPILED.computeIfAbsent(text, source -> compileAnew(name, source));
    }

    private static Map<String, byte[]> compileAnew(String name, String text) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        Map<String, ByteArrayOutputStream> classes = new HashMap<>();
        StringWriter said = new StringWriter();
        JavaFileObject source = new SimpleJavaFileObject(URI.create("mem:///" + name.replace('.', '/') + ".java"),
                JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
        try (JavaFileManager files = new ForwardingJavaFileManager<>(
                compiler.getStandardFileManager(null, null, null)) {
            @Override
            public JavaFileObject getJavaFileForOutput(Location location, String className, JavaFileObject.Kind kind,
                    FileObject sibling) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                classes.put(className.replace('.', '/') + ".class", bytes);
                return new SimpleJavaFileObject(URI.create("mem:///" + className + ".class"), kind) {
                    @Override
                    public ByteArrayOutputStream openOutputStream() {
                        return bytes;
                    }
                };
            }
        }) {
            boolean done = compiler.getTask(said, files, null,
                    List.of("-proc:none", "-classpath", System.getProperty("java.class.path")), null, List.of(source))
                    .call();
            if (!done) {
                throw new AssertionError(said.toString());
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Map<String, byte[]> compiled = new HashMap<>();
        classes.forEach((file, bytes) -> compiled.put(file, bytes.toByteArray()));
        return compiled;
    }
}
