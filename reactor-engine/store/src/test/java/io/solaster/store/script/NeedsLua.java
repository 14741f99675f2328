package io.solaster.store.script;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A test that runs scripts: left out where there is no Lua for the machine, or where what lies in java.io.tmpdir cannot be executed. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(NeedsLua.Condition.class)
public @interface NeedsLua {
    /** Where it is missing in the class path the test fails. */
    final class Condition implements ExecutionCondition {
        @Override
        public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
            String missing = LuaLibrary.missing();
            return missing == null || missing.startsWith("add ")
                    ? ConditionEvaluationResult.enabled("there is Lua, or should be")
                    : ConditionEvaluationResult.disabled(missing);
        }
    }
}
