//! A query as its grammar sees it. Every node knows its place; no name is looked up here.

use std::sync::Arc;

use super::literal::Value;
use super::span::Span;
use crate::engine::ingestion::schema::ColumnType;

/// A query that reads well; whether it means anything is the binder's.
#[derive(Debug, Clone)]
pub struct Query {
    pub(super) text: Arc<str>,
    pub(super) statements: Vec<Statement>,
}

impl Query {
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum Statement {
    Let(Name, Arc<Definition>),
    Tabular(Pipeline),
}

/// What a `let` gives a name.
#[derive(Debug, Clone)]
pub enum Definition {
    /// A scalar or a table; only the binder can tell.
    Value(Pipeline),
    Function(Function),
}

#[derive(Debug, Clone)]
pub struct Function {
    pub parameters: Vec<Parameter>,
    pub lets: Vec<Statement>,
    pub body: Pipeline,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: Name,
    /// None for a table.
    pub kind: Option<ColumnType>,
    pub default: Option<Expr>,
}

/// `source | operator | operator`; without operators it may be a scalar.
#[derive(Debug, Clone)]
pub struct Pipeline {
    pub source: Source,
    pub operators: Vec<Operator>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum Source {
    Expr(Expr),
    /// `union`, `print`, `range`, `datatable`, which need no input.
    Operator(Box<Operator>),
}

#[derive(Debug, Clone)]
pub struct Operator {
    pub kind: OperatorKind,
    /// Of its keyword.
    pub keyword: Span,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum OperatorKind {
    Where(Expr),
    Project(Vec<Named>),
    Extend(Vec<Named>),
    ProjectAway(Vec<Pattern>),
    ProjectKeep(Vec<Pattern>),
    ProjectReorder(Vec<Pattern>),
    /// New name, old name.
    ProjectRename(Vec<(Name, Name)>),
    Summarize {
        aggregates: Vec<Named>,
        by: Vec<Named>,
    },
    /// With the name of its column.
    Count(Option<Name>),
    /// Empty for `*`.
    Distinct(Vec<Named>),
    Take(Expr),
    Sort(Vec<SortKey>),
    Top {
        count: Expr,
        by: Vec<SortKey>,
    },
    Join {
        kind: Option<Name>,
        right: Pipeline,
        on: Vec<Expr>,
        /// `lookup`, which keeps the left side's keys only.
        lookup: bool,
    },
    Union {
        inner: bool,
        source_column: Option<Name>,
        fuzzy: bool,
        tables: Vec<UnionTable>,
    },
    Render {
        chart: Name,
        properties: Vec<(Name, Property)>,
    },
    As(Name),
    /// Changes nothing but that rows have an order.
    Serialize(Vec<Named>),
    Print(Vec<Named>),
    Datatable {
        columns: Vec<(Name, ColumnType)>,
        values: Vec<Expr>,
    },
    Range {
        name: Name,
        from: Expr,
        to: Expr,
        step: Expr,
    },
    MvExpand {
        columns: Vec<(Named, Option<ColumnType>)>,
        limit: Option<Expr>,
    },
    GetSchema,
}

#[derive(Debug, Clone)]
pub enum UnionTable {
    Pipeline(Pipeline),
    /// `App*`
    Wildcard(Pattern),
}

#[derive(Debug, Clone)]
pub enum Property {
    Text(Arc<str>),
    Names(Vec<Name>),
}

/// `name = expression`, `(a, b) = expression`, or without a name.
#[derive(Debug, Clone)]
pub struct Named {
    pub names: Vec<Name>,
    pub expr: Expr,
}

/// A name in which `*` stands for anything.
#[derive(Debug, Clone)]
pub struct Pattern {
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct SortKey {
    pub expr: Expr,
    /// Descending unless said otherwise.
    pub ascending: bool,
    pub nulls_first: Option<bool>,
}

#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub enum ExprKind {
    Literal(Value),
    Name(Arc<str>),
    Member(Box<Expr>, Name),
    Index(Box<Expr>, Box<Expr>),
    Call(Name, Vec<Expr>),
    Minus(Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// At least two terms.
    And(Vec<Expr>),
    Or(Vec<Expr>),
    /// Value, low, high; whether outside is meant.
    Between(Box<Expr>, Box<Expr>, Box<Expr>, bool),
    In(Membership, Box<Expr>, Vec<Expr>),
    /// `has_any`, or `has_all`.
    HasEach(bool, Box<Expr>, Vec<Expr>),
    /// `*`, as in `arg_max(x, *)`.
    Star,
    /// `(T | where x)`
    Pipeline(Box<Pipeline>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    pub negated: bool,
    pub any_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Text(TextTest, bool),
}

/// A test of one string against another; the operator is this, negated or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextTest {
    Equal,
    Has,
    HasCs,
    HasPrefix,
    HasPrefixCs,
    HasSuffix,
    HasSuffixCs,
    Contains,
    ContainsCs,
    StartsWith,
    StartsWithCs,
    EndsWith,
    EndsWithCs,
    Regex,
}

impl Binary {
    /// As it is written.
    pub fn word(self) -> &'static str {
        use TextTest as T;
        match self {
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessOrEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterOrEqual => ">=",
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Modulo => "%",
            Binary::Text(test, negated) => {
                let (word, not) = match test {
                    T::Equal => ("=~", "!~"),
                    T::Has => ("has", "!has"),
                    T::HasCs => ("has_cs", "!has_cs"),
                    T::HasPrefix => ("hasprefix", "!hasprefix"),
                    T::HasPrefixCs => ("hasprefix_cs", "!hasprefix_cs"),
                    T::HasSuffix => ("hassuffix", "!hassuffix"),
                    T::HasSuffixCs => ("hassuffix_cs", "!hassuffix_cs"),
                    T::Contains => ("contains", "!contains"),
                    T::ContainsCs => ("contains_cs", "!contains_cs"),
                    T::StartsWith => ("startswith", "!startswith"),
                    T::StartsWithCs => ("startswith_cs", "!startswith_cs"),
                    T::EndsWith => ("endswith", "!endswith"),
                    T::EndsWithCs => ("endswith_cs", "!endswith_cs"),
                    T::Regex => ("matches regex", "!matches regex"),
                };
                if negated { not } else { word }
            }
        }
    }

    pub const ALL: [Binary; 38] = {
        use Binary::*;
        use TextTest as T;
        [
            Equal,
            NotEqual,
            Less,
            LessOrEqual,
            Greater,
            GreaterOrEqual,
            Add,
            Subtract,
            Multiply,
            Divide,
            Modulo,
            Text(T::Equal, false),
            Text(T::Equal, true),
            Text(T::Has, false),
            Text(T::Has, true),
            Text(T::HasCs, false),
            Text(T::HasCs, true),
            Text(T::HasPrefix, false),
            Text(T::HasPrefix, true),
            Text(T::HasPrefixCs, false),
            Text(T::HasPrefixCs, true),
            Text(T::HasSuffix, false),
            Text(T::HasSuffix, true),
            Text(T::HasSuffixCs, false),
            Text(T::HasSuffixCs, true),
            Text(T::Contains, false),
            Text(T::Contains, true),
            Text(T::ContainsCs, false),
            Text(T::ContainsCs, true),
            Text(T::StartsWith, false),
            Text(T::StartsWith, true),
            Text(T::StartsWithCs, false),
            Text(T::StartsWithCs, true),
            Text(T::EndsWith, false),
            Text(T::EndsWith, true),
            Text(T::EndsWithCs, false),
            Text(T::EndsWithCs, true),
            Text(T::Regex, false),
        ]
    };
}
