package io.solaster.boot.web;

import io.solaster.config.SolasterConfig;
import io.solaster.engine.Engine;
import io.solaster.spring.web.SolasterReactiveWebServerFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextConfiguration;
import org.springframework.boot.actuate.autoconfigure.web.ManagementContextType;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.util.ClassUtils;

/**
 * Serves management on a port of its own by Reactor Netty, where that is there, and not by the shards as the application:
 * it is to answer while they are stuck. Spring Boot would make a second server of the application's kind.
 */
@ManagementContextConfiguration(value = ManagementContextType.CHILD, proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
@ConditionalOnClass(SolasterReactiveWebServerFactory.class)
class ManagementOffShardsConfiguration {
    private static final String REACTOR_NETTY = "org.springframework.boot.reactor.netty.NettyReactiveWebServerFactory";

    @Bean
    static BeanDefinitionRegistryPostProcessor solasterManagementOffShards(ApplicationContext child) {
        return registry -> replace(registry, child);
    }

    private static void replace(BeanDefinitionRegistry registry, ApplicationContext child) {
        for (String name : registry.getBeanDefinitionNames()) {
            BeanDefinition definition = registry.getBeanDefinition(name);
            if (SolasterReactiveWebServerFactory.class.getName().equals(definition.getBeanClassName())) {
                ClassLoader classes = child.getClassLoader();
                registry.removeBeanDefinition(name);
                registry.registerBeanDefinition(name, ClassUtils.isPresent(REACTOR_NETTY, classes)
                        ? new RootBeanDefinition(ClassUtils.resolveClassName(REACTOR_NETTY, classes))
                        : onShards(child));
            }
        }
    }

    private static RootBeanDefinition onShards(ApplicationContext child) {
        return new RootBeanDefinition(SolasterReactiveWebServerFactory.class, () -> {
            SolasterConfig config = child.getBean(SolasterConfig.class);
            return new SolasterReactiveWebServerFactory(child.getBean(Engine.class), config.web(),
                    () -> config.engine().shutdownTimeout());
        });
    }
}
