// What the notebook page needs of CodeMirror 6, and nothing else.
import {acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, startCompletion} from '@codemirror/autocomplete';
import {defaultKeymap, history, historyKeymap, indentWithTab} from '@codemirror/commands';
import {go} from '@codemirror/lang-go';
import {HighlightStyle, bracketMatching, indentOnInput, indentUnit, syntaxHighlighting} from '@codemirror/language';
import {lintGutter, setDiagnostics} from '@codemirror/lint';
import {highlightSelectionMatches, search, searchKeymap} from '@codemirror/search';
import {Annotation, Compartment, EditorState, Prec} from '@codemirror/state';
import {EditorView, drawSelection, highlightActiveLine, highlightSpecialChars, hoverTooltip, keymap, lineNumbers, tooltips} from '@codemirror/view';
import {tags} from '@lezer/highlight';

export {Annotation, Compartment, EditorState, EditorView, HighlightStyle, Prec, acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap,
  completionKeymap, defaultKeymap, drawSelection, go, highlightActiveLine, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, hoverTooltip,
  indentOnInput, indentUnit, indentWithTab, keymap, lineNumbers, lintGutter, search, searchKeymap, setDiagnostics, startCompletion, syntaxHighlighting, tags, tooltips};
