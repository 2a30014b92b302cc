//! How a function of the language becomes one of the query engine: a few lines of Rust over one row, or over
//! a whole column where speed is worth it.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, BooleanBuilder, Float64Array, Float64Builder,
    Int64Array, Int64Builder, ListBuilder, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::{json, text, time};
use crate::engine::ingestion::schema::ColumnType;
use crate::logs::kql::ast::TextTest;
use crate::logs::kql::types::arrow_type;

/// Bytes of the longest string an expression makes.
pub const LONGEST_STRING: usize = 1 << 20;

/// One row, or one column, of a function. `None` and `false` are null, or the empty string.
#[derive(Debug, Clone, Copy)]
pub enum Kernel {
    /// Appends text to what it is given.
    Text(fn(&Rows, usize, &mut String) -> bool),
    /// A number, an instant or a length of time in microseconds.
    Long(fn(&Rows, usize) -> Option<i64>),
    Real(fn(&Rows, usize) -> Option<f64>),
    Flag(fn(&Rows, usize) -> Option<bool>),
    /// One string against another, a column at a time.
    Test(TextTest),
    /// A column rounded down to a multiple of a constant.
    Bin,
}

/// The arguments of a call, row by row. A constant answers every row.
pub struct Rows {
    columns: Vec<(Cells, bool)>,
}

enum Cells {
    Text(StringViewArray),
    Long(Int64Array),
    Real(Float64Array),
    Flag(BooleanArray),
}

/// One argument in one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    Null,
    Text(&'a str),
    Long(i64),
    Real(f64),
    Flag(bool),
}

impl Rows {
    fn new(args: &[ColumnarValue], takes: &[DataType]) -> Result<Rows> {
        let columns = args
            .iter()
            .zip(takes)
            .map(|(arg, wanted)| {
                let constant = matches!(arg, ColumnarValue::Scalar(_));
                let array = arg.cast_to(wanted, None)?.to_array(1)?;
                Ok((Cells::new(&array)?, constant))
            })
            .collect::<Result<_>>()?;
        Ok(Rows { columns })
    }

    /// The number of arguments.
    pub fn arity(&self) -> usize {
        self.columns.len()
    }

    pub fn get(&self, column: usize, row: usize) -> Cell<'_> {
        let Some((cells, constant)) = self.columns.get(column) else {
            return Cell::Null;
        };
        let row = if *constant { 0 } else { row };
        match cells {
            Cells::Text(array) if array.is_valid(row) => Cell::Text(array.value(row)),
            Cells::Long(array) if array.is_valid(row) => Cell::Long(array.value(row)),
            Cells::Real(array) if array.is_valid(row) => Cell::Real(array.value(row)),
            Cells::Flag(array) if array.is_valid(row) => Cell::Flag(array.value(row)),
            _ => Cell::Null,
        }
    }

    /// The text of a string; empty for null.
    pub fn text(&self, column: usize, row: usize) -> &str {
        self.json(column, row).unwrap_or_default()
    }

    /// The text of a JSON value or a GUID.
    pub fn json(&self, column: usize, row: usize) -> Option<&str> {
        match self.get(column, row) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number, an instant or a length of time.
    pub fn long(&self, column: usize, row: usize) -> Option<i64> {
        match self.get(column, row) {
            Cell::Long(n) => Some(n),
            _ => None,
        }
    }

    pub fn real(&self, column: usize, row: usize) -> Option<f64> {
        match self.get(column, row) {
            Cell::Real(x) => Some(x),
            _ => None,
        }
    }

    pub fn flag(&self, column: usize, row: usize) -> Option<bool> {
        match self.get(column, row) {
            Cell::Flag(flag) => Some(flag),
            _ => None,
        }
    }
}

impl Cells {
    fn new(array: &ArrayRef) -> Result<Cells> {
        Ok(match array.data_type() {
            DataType::Utf8View => Cells::Text(array.as_string_view().clone()),
            DataType::Float64 => Cells::Real(array.as_primitive::<Float64Type>().clone()),
            DataType::Boolean => Cells::Flag(array.as_boolean().clone()),
            _ => Cells::Long(
                arrow::compute::cast(array, &DataType::Int64)?
                    .as_primitive::<Int64Type>()
                    .clone(),
            ),
        })
    }
}

/// A kernel under a name, for arguments of these types.
#[derive(Debug)]
struct Function {
    name: String,
    kernel: Kernel,
    takes: Vec<DataType>,
    returns: ColumnType,
    signature: Signature,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.takes, self.returns) == (&other.name, &other.takes, other.returns)
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, &self.takes, self.returns).hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(arrow_type(self.returns))
    }

    fn coerce_types(&self, _: &[DataType]) -> Result<Vec<DataType>> {
        Ok(self.takes.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args
            .args
            .iter()
            .all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { args.number_rows };
        let rows = Rows::new(&args.args, &self.takes)?;
        let array = run(self.kernel, &rows, length, self.returns)?;
        Ok(if constant {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?)
        } else {
            ColumnarValue::Array(array)
        })
    }
}

fn run(kernel: Kernel, rows: &Rows, length: usize, returns: ColumnType) -> Result<ArrayRef> {
    let array: ArrayRef = match kernel {
        Kernel::Text(run) => {
            let mut builder = StringViewBuilder::with_capacity(length);
            let mut text = String::new();
            for row in 0..length {
                text.clear();
                let some = run(rows, row, &mut text);
                if text.len() > LONGEST_STRING {
                    return Err(exec_datafusion_err!(
                        "a string grew beyond {LONGEST_STRING} bytes"
                    ));
                }
                if some {
                    builder.append_value(&text);
                } else if returns == ColumnType::String {
                    builder.append_value("");
                } else {
                    builder.append_null();
                }
            }
            Arc::new(builder.finish())
        }
        Kernel::Long(run) => {
            let mut builder = Int64Builder::with_capacity(length);
            (0..length).for_each(|row| builder.append_option(run(rows, row)));
            Arc::new(builder.finish())
        }
        Kernel::Real(run) => {
            let mut builder = Float64Builder::with_capacity(length);
            (0..length).for_each(|row| builder.append_option(run(rows, row)));
            Arc::new(builder.finish())
        }
        Kernel::Flag(run) => {
            let mut builder = BooleanBuilder::with_capacity(length);
            (0..length).for_each(|row| builder.append_option(run(rows, row)));
            Arc::new(builder.finish())
        }
        Kernel::Test(test) => {
            let flags: BooleanArray = match (&rows.columns[..], rows.text(1, 0)) {
                ([(Cells::Text(texts), false), (_, true)], needle) => {
                    let mut test = text::Test::new(test, needle);
                    (0..length)
                        .map(|row| {
                            Some(test.holds(if texts.is_valid(row) {
                                texts.value(row)
                            } else {
                                ""
                            }))
                        })
                        .collect()
                }
                _ => (0..length)
                    .map(|row| {
                        Some(text::Test::new(test, rows.text(1, row)).holds(rows.text(0, row)))
                    })
                    .collect(),
            };
            Arc::new(flags)
        }
        Kernel::Bin => match &rows.columns[..] {
            [(Cells::Long(values), false), (Cells::Long(steps), true)]
                if steps.is_valid(0) && steps.value(0) > 0 =>
            {
                let (step, origin) = (steps.value(0), time::origin(returns));
                Arc::new(values.unary::<_, Int64Type>(|at| time::bin(at, step, origin)))
            }
            _ => {
                let mut builder = Int64Builder::with_capacity(length);
                for row in 0..length {
                    let binned = rows
                        .long(0, row)
                        .zip(rows.long(1, row))
                        .and_then(|(at, step)| {
                            (step > 0).then(|| time::bin(at, step, time::origin(returns)))
                        });
                    builder.append_option(binned);
                }
                Arc::new(builder.finish())
            }
        },
    };
    Ok(arrow::compute::cast(&array, &arrow_type(returns))?)
}

/// A call of a kernel.
pub fn call(
    name: &str,
    kernel: Kernel,
    takes: Vec<ColumnType>,
    returns: ColumnType,
    args: Vec<Expr>,
) -> Expr {
    let function = Function {
        name: format!("kql_{name}"),
        kernel,
        takes: takes.into_iter().map(arrow_type).collect(),
        returns,
        signature: Signature::user_defined(Volatility::Immutable),
    };
    ScalarUDF::new_from_impl(function).call(args)
}

/// The items of a JSON array as a list of JSON texts.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Items {
    most: usize,
    signature: Signature,
}

fn list_of_text() -> DataType {
    DataType::List(Arc::new(Field::new_list_field(DataType::Utf8View, true)))
}

impl ScalarUDFImpl for Items {
    fn name(&self) -> &str {
        "kql_items"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(list_of_text())
    }

    fn coerce_types(&self, _: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![DataType::Utf8View])
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let mut builder = ListBuilder::new(StringViewBuilder::new());
        if let [texts] = arrays.as_slice() {
            let texts = arrow::compute::cast(texts, &DataType::Utf8View)?;
            for text in texts.as_string_view() {
                match json::items(text.unwrap_or_default(), self.most) {
                    Some(items) => {
                        items
                            .iter()
                            .for_each(|item| builder.values().append_value(item));
                        builder.append(true);
                    }
                    None => builder.append(false),
                }
            }
        }
        Ok(ColumnarValue::Array(Arc::new(builder.finish())))
    }
}

/// At most so many items of a JSON array.
pub fn items(value: Expr, most: usize) -> Expr {
    let signature = Signature::user_defined(Volatility::Immutable);
    ScalarUDF::new_from_impl(Items { most, signature }).call(vec![value])
}
