package org.espalier.backend.cpu;

import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Writes the code of a {@link SimdBlock}. The accumulators must be local variables, which Java
 * source would have to write out for each size, and the distances between rows must be constants of
 * the code: then a row costs one load with a fixed displacement rather than an address of its own,
 * for which there are too few registers. Measured, that is 35 to 50 % more products in a second
 * than with a table of row addresses.
 */
final class SimdBlockCode {
  private static final int LANES = SimdBlock.LANES;
  private static final ClassDesc FLOATS = CD_float.arrayType();
  private static final ClassDesc INTS = CD_int.arrayType();
  private static final ClassDesc FLOAT_VECTOR = describe(FloatVector.class);
  private static final ClassDesc VECTOR = describe(Vector.class);
  private static final ClassDesc SPECIES = describe(VectorSpecies.class);
  private static final MethodTypeDesc RUN =
      MethodTypeDesc.of(
          CD_void, INTS, INTS, FLOATS, CD_int, FLOATS, CD_int, FLOATS, CD_int, CD_int, CD_boolean);

  // Parameters of run, in their slots.
  private static final int BLOCKS = 1;
  private static final int RUNS = 2;
  private static final int A = 3;
  private static final int START_A = 4;
  private static final int B = 5;
  private static final int START_B = 6;
  private static final int C = 7;
  private static final int START_C = 8;
  private static final int ROW_C = 9;
  private static final int ADD = 10;

  private final CodeBuilder code;
  private final SimdBlock.Form form;
  private final int[] sums;

  private SimdBlockCode(CodeBuilder code, SimdBlock.Form form) {
    this.code = code;
    this.form = form;
    sums = new int[form.rows() * form.vectors()];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = code.allocateLocal(TypeKind.REFERENCE);
    }
  }

  /** The code of a form, as yet uncompiled. */
  static SimdBlock.Code of(SimdBlock.Form form) {
    ClassDesc name = ClassDesc.of(SimdBlock.class.getPackageName(), "SimdBlockKernel");
    byte[] bytes =
        ClassFile.of()
            .build(
                name,
                type ->
                    type.withInterfaceSymbols(describe(SimdBlock.Code.class))
                        .withMethodBody(
                            INIT_NAME,
                            MTD_void,
                            ClassFile.ACC_PUBLIC,
                            body ->
                                body.aload(0)
                                    .invokespecial(ConstantDescs.CD_Object, INIT_NAME, MTD_void)
                                    .return_())
                        .withMethodBody(
                            "run",
                            RUN,
                            ClassFile.ACC_PUBLIC,
                            body -> new SimdBlockCode(body, form).blocks()));
    try {
      return (SimdBlock.Code)
          MethodHandles.lookup()
              .defineHiddenClass(bytes, true)
              .lookupClass()
              .getConstructor()
              .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("no kernel could be made for " + form, e);
    }
  }

  private static ClassDesc describe(Class<?> type) {
    return type.describeConstable().orElseThrow();
  }

  private void blocks() {
    int block = integer();
    int a0 = integer();
    int c0 = integer();
    loop(
        block,
        2,
        () -> code.aload(BLOCKS).arraylength(),
        () -> {
          code.aload(BLOCKS).iload(block).iaload().iload(START_A).iadd().istore(a0);
          code.aload(BLOCKS).iload(block).loadConstant(1).iadd().iaload();
          code.iload(START_C).iadd().istore(c0);
          for (int sum : sums) {
            species().invokestatic(FLOAT_VECTOR, "zero", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES));
            code.astore(sum);
          }
          if (form.flat()) {
            flat(a0);
          } else {
            runs(a0);
          }
          store(c0);
        });
    code.return_();
  }

  private void flat(int a0) {
    int i = integer();
    int at = integer();
    loop(
        i,
        1,
        () -> code.aload(RUNS).arraylength(),
        () -> {
          code.iload(a0).aload(RUNS).iload(i).iaload().iadd().istore(at);
          products(
              () -> code.iload(at),
              () -> code.iload(START_B).iload(i).loadConstant(form.stepB()).imul().iadd());
        });
  }

  private void runs(int a0) {
    int run = integer();
    int a1 = integer();
    int b1 = integer();
    int count = integer();
    int i = integer();
    loop(
        run,
        3,
        () -> code.aload(RUNS).arraylength(),
        () -> {
          code.aload(RUNS).iload(run).iaload().iload(a0).iadd().istore(a1);
          code.aload(RUNS).iload(run).loadConstant(1).iadd().iaload();
          code.iload(START_B).iadd().istore(b1);
          code.aload(RUNS).iload(run).loadConstant(2).iadd().iaload().istore(count);
          loop(
              i,
              1,
              () -> code.iload(count),
              () ->
                  products(
                      () -> code.iload(a1).iload(i).loadConstant(form.stepA()).imul().iadd(),
                      () -> code.iload(b1).iload(i).loadConstant(form.stepB()).imul().iadd()));
        });
  }

  /** One product for each row and vector; what the parts push is the place in a and in b. */
  private void products(Runnable atA, Runnable atB) {
    int[] b = new int[form.vectors()];
    for (int v = 0; v < b.length; v++) {
      b[v] = code.allocateLocal(TypeKind.REFERENCE);
      species().aload(B);
      atB.run();
      code.loadConstant(v * LANES).iadd();
      fromArray().astore(b[v]);
    }
    int x = code.allocateLocal(TypeKind.REFERENCE);
    for (int r = 0; r < form.rows(); r++) {
      species().aload(A);
      atA.run();
      code.loadConstant(r * form.rowA()).iadd().faload();
      code.invokestatic(
              FLOAT_VECTOR, "broadcast", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, CD_float))
          .astore(x);
      for (int v = 0; v < b.length; v++) {
        int sum = sums[r * b.length + v];
        code.aload(x)
            .aload(b[v])
            .aload(sum)
            .invokevirtual(FLOAT_VECTOR, "fma", MethodTypeDesc.of(FLOAT_VECTOR, VECTOR, VECTOR))
            .astore(sum);
      }
    }
  }

  private void store(int c0) {
    for (int r = 0; r < form.rows(); r++) {
      for (int v = 0; v < form.vectors(); v++) {
        int sum = sums[r * form.vectors() + v];
        int offset = v * LANES;
        code.iload(ADD)
            .ifThen(
                add -> {
                  species().aload(C).iload(c0).loadConstant(offset).iadd();
                  fromArray()
                      .aload(sum)
                      .invokevirtual(FLOAT_VECTOR, "add", MethodTypeDesc.of(FLOAT_VECTOR, VECTOR))
                      .astore(sum);
                });
        code.aload(sum).aload(C).iload(c0).loadConstant(offset).iadd();
        code.invokevirtual(FLOAT_VECTOR, "intoArray", MethodTypeDesc.of(CD_void, FLOATS, CD_int));
      }
      code.iload(c0).iload(ROW_C).iadd().istore(c0);
    }
  }

  private int integer() {
    return code.allocateLocal(TypeKind.INT);
  }

  private CodeBuilder species() {
    return code.getstatic(FLOAT_VECTOR, "SPECIES_PREFERRED", SPECIES);
  }

  private CodeBuilder fromArray() {
    return code.invokestatic(
        FLOAT_VECTOR, "fromArray", MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, FLOATS, CD_int));
  }

  /** for (index = 0; index < end; index += step) body. */
  private void loop(int index, int step, Runnable end, Runnable body) {
    Label head = code.newLabel();
    Label done = code.newLabel();
    code.loadConstant(0).istore(index).labelBinding(head).iload(index);
    end.run();
    code.if_icmpge(done);
    body.run();
    code.iinc(index, step).goto_(head).labelBinding(done);
  }
}
