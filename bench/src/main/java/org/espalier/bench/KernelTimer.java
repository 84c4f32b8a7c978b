package org.espalier.bench;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.espalier.backend.Backend;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a back end and sums the time in its kernels. Kernels return when they are done, so
 * the time around a call is the kernel's.
 *
 * <p>During a step a call is only noted; what its arguments say is found out when the sums are
 * asked for. Else the back end's threads would fall asleep between the kernels, which they do after
 * microseconds, and waking them would be counted as the kernels' time.
 */
final class KernelTimer implements InvocationHandler {
  /** Of the back end, but no kernels. */
  private static final Set<String> OTHERS = Set.of("name", "memory", "allocate", "close");

  private static final Object[] NONE = {};

  private final Backend backend;
  private final List<Note> notes = new ArrayList<>();
  private final Map<KernelCall.Kind, Sum> sums = new HashMap<>();
  private long own;

  KernelTimer(Backend backend) {
    this.backend = backend;
  }

  private record Note(String kernel, @Nullable Object[] arguments, long nanos) {}

  /** Calls under one label, in seconds, floating-point operations of convolutions, and bytes. */
  record Sum(long calls, double seconds, double flop, double bytes) {
    Sum plus(Sum other) {
      return new Sum(
          calls + other.calls, seconds + other.seconds, flop + other.flop, bytes + other.bytes);
    }
  }

  /** The back end to compute with. */
  Backend timed() {
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(), new Class<?>[] {Backend.class}, this);
  }

  /** Forgets the calls so far. */
  void restart() {
    notes.clear();
    sums.clear();
    own = 0;
  }

  /** The sums by label. */
  Map<String, Sum> sums() {
    for (Note note : notes) {
      KernelCall call = KernelCall.of(note.kernel, note.arguments);
      Sum sum = new Sum(1, note.nanos / 1e9, call.kind().flop(), 4.0 * call.floats());
      sums.merge(call.kind(), sum, Sum::plus);
    }
    notes.clear();
    Map<String, Sum> byLabel = new HashMap<>();
    sums.forEach((kind, sum) -> byLabel.merge(kind.label(), sum, Sum::plus));
    return byLabel;
  }

  /** Seconds that the noting itself took. */
  double ownSeconds() {
    return own / 1e9;
  }

  @Override
  public @Nullable Object invoke(
      Object proxy, Method method, @Nullable Object @Nullable [] arguments) throws Throwable {
    long start = System.nanoTime();
    Object result;
    try {
      result = method.invoke(backend, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause() == null ? e : e.getCause();
    }
    long end = System.nanoTime();
    if (method.getDeclaringClass() == Backend.class && !OTHERS.contains(method.getName())) {
      @Nullable Object[] given = arguments == null ? NONE : arguments;
      // A list may serve for something else after the call; those inside records are values.
      for (int i = 0; i < given.length; i++) {
        if (given[i] instanceof Collection<?> elements) {
          given[i] = elements.toArray();
        }
      }
      notes.add(new Note(method.getName(), given, end - start));
      own += System.nanoTime() - end;
    }
    return result;
  }
}
