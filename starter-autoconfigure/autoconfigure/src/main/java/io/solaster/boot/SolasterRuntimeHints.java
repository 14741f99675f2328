package io.solaster.boot;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.HashSet;
import java.util.Set;

import io.solaster.config.SolasterConfig;
import org.jspecify.annotations.Nullable;
import org.springframework.aot.hint.MemberCategory;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.RuntimeHintsRegistrar;

/**
 * What Spring's ahead-of-time processing cannot see: the records below {@code solaster.*} are bound in a bean method,
 * through their constructors and the {@code valueOf} of the values in them. Everything reached from
 * {@link SolasterConfig} is named, so that a new record needs no line here.
 */
final class SolasterRuntimeHints implements RuntimeHintsRegistrar {

    @Override
    public void registerHints(RuntimeHints hints, @Nullable ClassLoader classLoader) {
        register(SolasterConfig.class, hints, new HashSet<>());
    }

    private static void register(Type type, RuntimeHints hints, Set<Class<?>> seen) {
        if (type instanceof ParameterizedType parameterized) {
            for (Type argument : parameterized.getActualTypeArguments()) {
                register(argument, hints, seen);
            }
        } else if (type instanceof Class<?> ours
                && isOurs(ours) && seen.add(ours)) {
            hints.reflection().registerType(ours, MemberCategory.INVOKE_DECLARED_CONSTRUCTORS,
                    MemberCategory.INVOKE_PUBLIC_METHODS);
            if (ours.isRecord()) {
                for (RecordComponent component : ours.getRecordComponents()) {
                    register(component.getGenericType(), hints, seen);
                }
            }
        }
    }

    /** Records have parts of theirs in rooms below the root's. */
    private static boolean isOurs(Class<?> type) {
        return (type.getPackageName() + ".").startsWith(SolasterConfig.class.getPackageName() + ".");
    }
}
