package io.solaster.operator.helm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;

/** A chart of this repository, and what Helm makes of it: release kv in namespace shop. */
public enum Chart {
    SERVICE("solaster-service"), OPERATOR("solaster-operator");

    /** The newest Kubernetes that the operator knows. */
    private static final String KUBERNETES = "1.36.0";

    private final Path path;
    /** The same, its hooks among the rest: Helm's template leaves hooks out. */
    private final Path withHooks;

    Chart(String name) {
        path = Path.of("../helm", name).toAbsolutePath().normalize();
        withHooks = Path.of("target", "charts", name).toAbsolutePath();
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Path copy = withHooks.resolve(path.relativize(file));
                Files.createDirectories(copy.getParent());
                Files.writeString(copy,
                        Files.readString(file).replaceAll("(?m)^ *helm\\.sh/hook(-[a-z-]+)?: .*\n", ""));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file(String name) {
        return path.resolve(name);
    }

    Helm helm() {
        return new Helm(path);
    }

    /** The manifests with these values, which are YAML; later ones count before earlier ones. */
    String text(String... values) {
        return template(KUBERNETES, values);
    }

    String template(String kubernetes, String... values) {
        List<Path> files = new ArrayList<>();
        try {
            TemplateCommand command = new Helm(withHooks).template().withName("kv").withNamespace("shop")
                    .withKubeVersion(kubernetes);
            for (String each : values) {
                Path file = Files.createTempFile("values", ".yaml");
                files.add(Files.writeString(file, each));
                command = command.withValuesFile(file);
            }
            return command.call();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } finally {
            files.forEach(file -> file.toFile().delete());
        }
    }

    /** The objects with these values. */
    public List<HasMetadata> render(String... values) {
        List<HasMetadata> all = new ArrayList<>();
        for (String document : text(values).split("(?m)^---$")) {
            if (!document.replaceAll("(?m)^#.*$", "").isBlank()) {
                all.add(Serialization.unmarshal(document));
            }
        }
        return all;
    }

    /** Why these values are refused. */
    String refusal(String... values) {
        Throwable thrown = catchThrowable(() -> text(values));
        assertThat(thrown).as(String.join("\n", values)).isNotNull();
        return thrown.getMessage();
    }

    /** The only object of a kind. */
    static <T extends HasMetadata> T only(List<HasMetadata> all, Class<T> type) {
        List<T> found = all.stream().filter(type::isInstance).map(type::cast).toList();
        assertThat(found).hasSize(1);
        return found.getFirst();
    }

    /** The only object of a kind that the client has no type for, or a name of several. */
    static HasMetadata named(List<HasMetadata> all, String kind, String name) {
        List<HasMetadata> found = all.stream()
                .filter(each -> each.getKind().equals(kind) && each.getMetadata().getName().equals(name)).toList();
        assertThat(found).as("%s %s", kind, name).hasSize(1);
        return found.getFirst();
    }
}
