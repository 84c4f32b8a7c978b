package org.espalier.nn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.espalier.backend.Backend;
import org.espalier.backend.Buffer;
import org.espalier.tensor.Rng;
import org.espalier.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of a network in one contiguous buffer, and their gradients in another: optimisers,
 * norms and DARTS' {@code w +/- eps*v} are single sweeps. Modules declare what they need through
 * {@link #root}; {@link #allocate} then lays it out.
 */
public final class ParameterArena {
  private final List<Parameter> parameters = new ArrayList<>();
  private final Map<String, State> states = new LinkedHashMap<>();
  private int size;
  private boolean differentiated = true;
  private @Nullable Backend backend;
  private @Nullable Buffer values;
  private @Nullable Buffer gradients;

  /** A buffer that is saved with the parameters but not trained: running statistics. */
  public static final class State {
    private final int size;
    private final Init init;
    private @Nullable Buffer buffer;

    State(int size, Init init) {
      this.size = size;
      this.init = init;
    }

    /** Its values. */
    public Buffer buffer() {
      return allocated(buffer);
    }
  }

  /** Where parameters of a part of a network are declared: a path and its arena. */
  public static final class Namespace {
    private final ParameterArena arena;
    private final String path;

    Namespace(ParameterArena arena, String path) {
      this.arena = arena;
      this.path = path;
    }

    /** The namespace of a part. */
    public Namespace child(String name) {
      return new Namespace(arena, path(name));
    }

    /** Declares a parameter. */
    public Parameter parameter(String name, Shape shape, Init init) {
      return arena.declare(path(name), shape, init);
    }

    /** Declares a state. */
    public State state(String name, int size, Init init) {
      State state = new State(size, init);
      arena.states.put(path(name), state);
      return state;
    }

    private String path(String name) {
      return path.isEmpty() ? name : path + "." + name;
    }
  }

  /** The namespace of the whole. */
  public Namespace root() {
    return new Namespace(this, "");
  }

  private Parameter declare(String name, Shape shape, Init init) {
    if (values != null) {
      throw new IllegalStateException(
          "parameter " + name + " is declared after its arena was allocated");
    }
    Parameter parameter = new Parameter(this, name, shape, init, size);
    parameters.add(parameter);
    size += shape.size();
    return parameter;
  }

  /**
   * Lays the parameters out, all zero: enough for what depends on no value, such as counting
   * operations.
   */
  public ParameterArena allocate(Backend on) {
    backend = on;
    Buffer weights = on.allocate(Math.max(size, 1));
    Buffer slopes = on.allocate(Math.max(size, 1));
    values = weights;
    gradients = slopes;
    states.values().forEach(state -> state.buffer = on.allocate(state.size));
    parameters.forEach(parameter -> parameter.bind(weights, slopes));
    return this;
  }

  /** Lays the parameters out and draws their initial values, each from a stream of its own name. */
  public ParameterArena allocate(Backend on, Rng rng) {
    allocate(on);
    float[] initial = new float[values().size()];
    for (Parameter parameter : parameters) {
      Rng stream = rng.split(parameter.name());
      for (int i = 0; i < parameter.shape().size(); i++) {
        initial[parameter.offset() + i] = parameter.init().value(stream, i);
      }
    }
    on.write(initial, values());
    states.forEach(
        (name, state) -> {
          float[] start = new float[state.size];
          for (int i = 0; i < start.length; i++) {
            start[i] = state.init.value(rng.split(name), i);
          }
          on.write(start, state.buffer());
        });
    return this;
  }

  /**
   * Whether passes recorded from now on compute gradients of these parameters; at first they do.
   */
  public void differentiate(boolean on) {
    differentiated = on;
  }

  boolean differentiated() {
    return differentiated;
  }

  /** The parameters, in the order of their declaration. */
  public List<Parameter> parameters() {
    return Collections.unmodifiableList(parameters);
  }

  /** The states by name. */
  public Map<String, State> states() {
    return Collections.unmodifiableMap(states);
  }

  /** Number of trainable floats. */
  public int size() {
    return size;
  }

  /** All values. */
  public Buffer values() {
    return allocated(values);
  }

  /** All gradients. */
  public Buffer gradients() {
    return allocated(gradients);
  }

  /** The back end that holds them. */
  public Backend backend() {
    return allocated(backend);
  }

  /** Sets all gradients to zero. */
  public void zeroGradients() {
    backend().fill(gradients(), 0);
  }

  private static <T> T allocated(@Nullable T value) {
    if (value == null) {
      throw new IllegalStateException("the parameter arena has not been allocated");
    }
    return value;
  }
}
