package io.solaster.spring.shard;

import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

import io.solaster.spring.OnShard;
import io.solaster.spring.ShardScope;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopInfrastructureBean;
import org.springframework.aop.framework.ProxyFactory;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.core.Ordered;
import org.springframework.core.SmartClassLoader;

/**
 * Puts a proxy that routes before every bean with {@link OnShard} methods. Before a shard-scoped bean it stands outside of
 * the scope's own proxy, which finds the instance once the call has come to its shard.
 */
public final class OnShardProxies implements BeanPostProcessor, Ordered {
    private final ConfigurableListableBeanFactory beanFactory;
    private final ShardBeans beans;
    private final AnnotatedMethods<OnShard> annotated = new AnnotatedMethods<>(OnShard.class);

    /** For the beans of one factory. */
    public OnShardProxies(ConfigurableListableBeanFactory beanFactory, ShardBeans beans) {
        this.beanFactory = beanFactory;
        this.beans = beans;
    }

    /** Last, so that it routes before transactions and the like begin. */
    @Override
    public int getOrder() {
        return LOWEST_PRECEDENCE;
    }

    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
        Class<?> type = AopUtils.getTargetClass(bean);
        Map<Method, OnShard> methods = annotated.of(type);
        if (methods.isEmpty()) {
            return bean;
        }
        if (isShardScoped(name)) {
            if (!ShardedBeans.isTarget(name)) {
                throw new IllegalStateException("@OnShard: bean '" + name + "' is @ShardScope without a proxy, so that"
                        + " nothing could route its calls; leave out its proxyMode");
            }
            return bean;
        }
        Router router = new Router(beanFactory, beans, type, methods);
        if (bean instanceof Advised advised && !advised.isFrozen() && !(bean instanceof AopInfrastructureBean)) {
            advised.addAdvice(0, router);
            return bean;
        }
        return proxy(bean, type, name, router);
    }

    private boolean isShardScoped(String name) {
        if (!beanFactory.containsBeanDefinition(name)) {
            return false;
        }
        BeanDefinition definition = beanFactory.getMergedBeanDefinition(name);
        return ShardScope.NAME.equals(definition.getScope());
    }

    private Object proxy(Object bean, Class<?> type, String name, Router router) {
        ProxyFactory factory = new ProxyFactory(bean);
        if (!AopUtils.isJdkDynamicProxy(bean)) {
            if (Modifier.isFinal(type.getModifiers())) {
                throw new IllegalStateException("@OnShard: bean '" + name + "' is of the final class " + type.getName()
                        + ", before which no proxy can stand; remove 'final'");
            }
            factory.setProxyTargetClass(true);
        }
        factory.addAdvice(router);
        return factory.getProxy(loaderFor(type));
    }

    /** Where a loader stands before the bean's own, as in development tools, the proxy belongs to the bean's. */
    private @Nullable ClassLoader loaderFor(Class<?> type) {
        ClassLoader loader = beanFactory.getBeanClassLoader();
        return loader instanceof SmartClassLoader smart && !loader.equals(type.getClassLoader())
                ? smart.getOriginalClassLoader()
                : loader;
    }

    /** Routes the annotated methods of one bean and lets the others through. */
    private static final class Router implements MethodInterceptor {
        private final Class<?> type;
        private final Map<Method, OnShardRoute> routes = new ConcurrentHashMap<>();

        Router(ConfigurableListableBeanFactory beanFactory, ShardBeans beans, Class<?> type,
                Map<Method, OnShard> methods) {
            this.type = type;
            methods.forEach((method, annotation) -> routes.put(method, new OnShardRoute(beans.engine(), method,
                    annotation, new AnnotationText(beanFactory, "@OnShard: " + CallKey.describe(method)))));
        }

        @Override
        public @Nullable Object invoke(MethodInvocation call) throws Throwable {
            OnShardRoute route = routes.get(call.getMethod());
            if (route == null) {
                // Called by an interface, while the class has the annotation.
                route = routes.get(AopUtils.getMostSpecificMethod(call.getMethod(), type));
            }
            return route == null ? call.proceed() : route.call(call);
        }
    }
}
