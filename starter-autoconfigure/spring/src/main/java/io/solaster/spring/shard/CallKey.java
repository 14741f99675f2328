package io.solaster.spring.shard;

import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.stream.Collectors;

import io.solaster.spring.OnShard;
import org.jspecify.annotations.Nullable;
import org.springframework.context.expression.MethodBasedEvaluationContext;
import org.springframework.core.DefaultParameterNameDiscoverer;
import org.springframework.core.ParameterNameDiscoverer;
import org.springframework.expression.Expression;
import org.springframework.expression.ParseException;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/** Takes the key out of a call's arguments. An expression is parsed once; a mere parameter takes none. Any thread. */
final class CallKey {
    private static final ParameterNameDiscoverer NAMES = new DefaultParameterNameDiscoverer();
    private static final SpelExpressionParser PARSER = new SpelExpressionParser();

    private final Method method;
    private final String text;
    /** Of the parameter that is the key; -1 where an expression is. */
    private final int index;
    private final @Nullable Expression expression;

    /** @throws IllegalStateException naming the method, if the expression is no key for it */
    CallKey(Method method, String text) {
        this.method = method;
        this.text = text;
        @Nullable
        String @Nullable [] names = NAMES.getParameterNames(method);
        if (text.isBlank()) {
            if (method.getParameterCount() != 1) {
                throw wrong("has " + method.getParameterCount()
                        + " parameters; say which is the key, such as @OnShard(key = \"#id\")");
            }
            index = 0;
            expression = null;
        } else if (text.matches("#\\w+")) {
            index = indexOf(text.substring(1), names);
            expression = null;
        } else {
            index = -1;
            try {
                expression = PARSER.parseExpression(text);
            } catch (ParseException e) {
                throw wrong("has a key that cannot be read: '" + text + "' (" + e.getSimpleMessage() + ")");
            }
        }
    }

    private int indexOf(String name, @Nullable String @Nullable [] names) {
        for (int i = 0; i < method.getParameterCount(); i++) {
            if (name.equals("p" + i) || name.equals("a" + i) || names != null && name.equals(names[i])) {
                return i;
            }
        }
        throw wrong("has no parameter '" + name + "'; " + (names == null
                ? "their names are not in the class file: compile with -parameters, or write #p0, #p1 and so on"
                : "there are " + Arrays.stream(names).collect(Collectors.joining(", "))));
    }

    private IllegalStateException wrong(String what) {
        return new IllegalStateException("@OnShard: " + describe(method) + " " + what);
    }

    /** {@code Orders.add(long, int)}. */
    static String describe(Method method) {
        return method.getDeclaringClass().getSimpleName() + "." + method.getName()
                + Arrays.stream(method.getParameterTypes()).map(Class::getSimpleName)
                        .collect(Collectors.joining(", ", "(", ")"));
    }

    /** @throws IllegalArgumentException if the key is null */
    Object of(@Nullable Object target, @Nullable Object[] arguments) {
        Object key = expression == null
                ? arguments[index]
                : expression
                        .getValue(new MethodBasedEvaluationContext(target == null ? this : target, method, arguments,
                                NAMES));
        if (key == null) {
            throw new IllegalArgumentException("@OnShard: the key " + (text.isBlank() ? "" : "'" + text + "' ") + "of "
                    + describe(method) + " is null, which no shard owns");
        }
        return key;
    }
}
