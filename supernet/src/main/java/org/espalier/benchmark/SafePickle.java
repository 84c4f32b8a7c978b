package org.espalier.benchmark;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import net.razorvine.pickle.IObjectConstructor;
import net.razorvine.pickle.Opcodes;
import net.razorvine.pickle.PickleException;
import net.razorvine.pickle.PickleUtils;
import net.razorvine.pickle.Unpickler;

/**
 * Reads pickles that hold numbers and text. A pickle is a program that names the classes it wants
 * made; here it gets ordered dictionaries, NumPy's scalars and its arrays of numbers, and the first
 * other name ends it. Of the instructions only those are known that such files need, so that
 * nothing can be called by other ways.
 */
final class SafePickle extends Unpickler {
  private static final int OP_BINBYTES = 'B';
  private static final int OP_BINUNICODE = 'X';

  /** Instructions that only put data together. */
  private static final Set<Short> DATA =
      Set.of(
          Opcodes.PROTO,
          Opcodes.FRAME,
          Opcodes.STOP,
          Opcodes.MARK,
          Opcodes.MEMOIZE,
          Opcodes.BINPUT,
          Opcodes.LONG_BINPUT,
          Opcodes.BINGET,
          Opcodes.LONG_BINGET,
          Opcodes.NONE,
          Opcodes.NEWTRUE,
          Opcodes.NEWFALSE,
          Opcodes.BININT,
          Opcodes.BININT1,
          Opcodes.BININT2,
          Opcodes.LONG1,
          Opcodes.BINFLOAT,
          Opcodes.SHORT_BINUNICODE,
          Opcodes.BINUNICODE,
          Opcodes.SHORT_BINBYTES,
          Opcodes.BINBYTES,
          Opcodes.EMPTY_TUPLE,
          Opcodes.TUPLE,
          Opcodes.TUPLE1,
          Opcodes.TUPLE2,
          Opcodes.TUPLE3,
          Opcodes.EMPTY_LIST,
          Opcodes.APPEND,
          Opcodes.APPENDS,
          Opcodes.EMPTY_DICT,
          Opcodes.SETITEM,
          Opcodes.SETITEMS,
          Opcodes.EMPTY_SET,
          Opcodes.ADDITEMS);

  /** What a pickle may name, and what it gets. */
  private static final Map<String, IObjectConstructor> CLASSES =
      Map.of(
          "collections.OrderedDict",
          args -> new java.util.HashMap<Object, Object>(),
          "numpy.dtype",
          args -> new ScalarType(String.valueOf(args[0])),
          "numpy.core.multiarray.scalar",
          SafePickle::scalar,
          "numpy._core.multiarray.scalar",
          SafePickle::scalar,
          "numpy.ndarray",
          SafePickle::uncalled,
          "numpy.core.multiarray._reconstruct",
          args -> new Numbers(),
          "numpy._core.multiarray._reconstruct",
          args -> new Numbers());

  private SafePickle() {}

  /** A NumPy type such as f8; little-endian, as on every machine that wrote such files. */
  private record ScalarType(String name) {
    Number read(ByteBuffer in, int at) {
      return switch (name) {
        case "f8" -> in.getDouble(at);
        case "f4" -> (double) in.getFloat(at);
        case "i8" -> in.getLong(at);
        case "i4" -> in.getInt(at);
        default -> throw new PickleException("a NumPy number of type " + name);
      };
    }

    /** Bytes of a number. */
    int size() {
      return name.endsWith("4") ? Float.BYTES : Double.BYTES;
    }
  }

  /** A NumPy array of one axis, of whatever type of number. */
  static final class Numbers {
    private double[] values = {};

    double[] values() {
      return values;
    }
  }

  /** A pickle that names what it should not. */
  static final class ForeignException extends PickleException {
    private static final long serialVersionUID = 1L;

    ForeignException(String message) {
      super(message);
    }
  }

  /**
   * Reads a pickle: maps, lists, sets, arrays for tuples, numbers, text, byte arrays, {@link
   * Numbers}, null.
   *
   * @throws ForeignException if it names a class that such files do not hold; none has been made
   * @throws IOException if it is cut off or otherwise not a pickle
   */
  static Object read(byte[] pickle) throws IOException {
    SafePickle reader = new SafePickle();
    try {
      return reader.load(new ByteArrayInputStream(pickle));
    } catch (ForeignException e) {
      throw e;
    } catch (RuntimeException | StackOverflowError e) { // whatever a malformed program comes to
      throw new IOException("not a whole pickle", e);
    } finally {
      reader.close();
    }
  }

  @Override
  protected Object dispatch(short key) throws IOException {
    switch (key) {
      case Opcodes.GLOBAL -> {
        String module = PickleUtils.readline(input);
        name(module + "." + PickleUtils.readline(input));
      }
      case Opcodes.STACK_GLOBAL -> {
        Object name = stack.pop();
        name(stack.pop() + "." + name);
      }
      case Opcodes.REDUCE -> reduce();
      case Opcodes.BUILD -> build();
      default -> {
        if (!DATA.contains(key)) {
          throw new ForeignException(
              "has the instruction 0x%02x, which tables do not need".formatted(key));
        }
        if (key == OP_BINBYTES || key == OP_BINUNICODE) {
          refuseMoreThanThereIs();
        }
        return super.dispatch(key);
      }
    }
    return NO_RETURN_VALUE;
  }

  private void name(String name) {
    IObjectConstructor known = CLASSES.get(name);
    if (known == null) {
      throw new ForeignException(
          "names '"
              + TableSpace.oneLine(name)
              + "', which is none of collections.OrderedDict, NumPy's scalars and its arrays");
    }
    stack.add(known);
  }

  private void reduce() {
    if (stack.pop() instanceof Object[] arguments
        && stack.pop() instanceof IObjectConstructor constructor
        && CLASSES.containsValue(constructor)) {
      stack.add(constructor.construct(arguments));
    } else {
      throw new ForeignException("calls something that is no known class");
    }
  }

  /**
   * NumPy's types come with a state, which says nothing but the order of bytes; arrays with their
   * version, shape, type, order and bytes.
   */
  private void build() {
    Object state = stack.pop();
    if (stack.peek() instanceof ScalarType
        && state instanceof Object[] parts
        && !Arrays.asList(parts).contains(">")) {
      return;
    }
    if (stack.peek() instanceof Numbers numbers
        && state instanceof Object[] parts
        && parts.length == 5
        && parts[1] instanceof Object[] shape
        && parts[2] instanceof ScalarType type
        && parts[4] instanceof byte[] bytes) {
      numbers.values = numbers(shape, type, bytes);
      return;
    }
    throw new ForeignException("sets the state of something that is no NumPy type or array");
  }

  private static double[] numbers(Object[] shape, ScalarType type, byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int size = type.size();
    if (shape.length != 1 || !Integer.valueOf(bytes.length / size).equals(shape[0])) {
      throw new PickleException("an array that is not of one axis");
    }
    double[] values = new double[bytes.length / size];
    for (int i = 0; i < values.length; i++) {
      values[i] = type.read(in, i * size).doubleValue();
    }
    return values;
  }

  private static Object uncalled(Object[] arguments) {
    throw new ForeignException("makes an array other than NumPy's pickles do");
  }

  /** A length that the rest of the file does not have would otherwise be allocated first. */
  private void refuseMoreThanThereIs() throws IOException {
    input.mark(Integer.BYTES);
    int length = PickleUtils.bytes_to_integer(PickleUtils.readbytes(input, Integer.BYTES));
    if (length < 0 || length > input.available()) {
      throw new IOException("premature end of file");
    }
    input.reset();
  }

  private static Number scalar(Object[] arguments) {
    if (arguments.length != 2
        || !(arguments[0] instanceof ScalarType type)
        || !(arguments[1] instanceof byte[] bytes)) {
      throw new PickleException("a NumPy scalar without type and bytes");
    }
    return type.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), 0);
  }
}
