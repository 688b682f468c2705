// The 48 events of LEAP, with the content that is documented there. Nobody checks it there, so nobody does here: a real peer
// may send None, or nothing at all.

import { Event } from '../definitions.ts';

type Nothing = readonly [];
type Address = readonly [address: string];
type UserData = readonly [data: { readonly uuid: string; readonly userid: string }];
type User = readonly [userid: string];
type Sender = readonly [from: string];
type Delivery = readonly [userid: string, destination: string];
type Anything = readonly unknown[];

const event = <C extends readonly unknown[]>(name: string): Event<C> => new Event<C>(name);

export const catalog = Object.freeze({
  CLIENT_SESSION_ID: event<Anything>('CLIENT_SESSION_ID'),
  CLIENT_UID: event<Anything>('CLIENT_UID'),
  RAISE_WINDOW: event<Nothing>('RAISE_WINDOW'),
  UPDATER_NEW_UPDATES: event<Anything>('UPDATER_NEW_UPDATES'),
  UPDATER_DONE_UPDATING: event<Anything>('UPDATER_DONE_UPDATING'),

  KEYMANAGER_LOOKING_FOR_KEY: event<Address>('KEYMANAGER_LOOKING_FOR_KEY'),
  KEYMANAGER_KEY_FOUND: event<Address>('KEYMANAGER_KEY_FOUND'),
  KEYMANAGER_KEY_NOT_FOUND: event<Address>('KEYMANAGER_KEY_NOT_FOUND'),
  KEYMANAGER_STARTED_KEY_GENERATION: event<Address>('KEYMANAGER_STARTED_KEY_GENERATION'),
  KEYMANAGER_FINISHED_KEY_GENERATION: event<Address>('KEYMANAGER_FINISHED_KEY_GENERATION'),
  KEYMANAGER_DONE_UPLOADING_KEYS: event<Address>('KEYMANAGER_DONE_UPLOADING_KEYS'),

  SOLEDAD_CREATING_KEYS: event<UserData>('SOLEDAD_CREATING_KEYS'),
  SOLEDAD_DONE_CREATING_KEYS: event<UserData>('SOLEDAD_DONE_CREATING_KEYS'),
  SOLEDAD_DOWNLOADING_KEYS: event<UserData>('SOLEDAD_DOWNLOADING_KEYS'),
  SOLEDAD_DONE_DOWNLOADING_KEYS: event<UserData>('SOLEDAD_DONE_DOWNLOADING_KEYS'),
  SOLEDAD_UPLOADING_KEYS: event<UserData>('SOLEDAD_UPLOADING_KEYS'),
  SOLEDAD_DONE_UPLOADING_KEYS: event<UserData>('SOLEDAD_DONE_UPLOADING_KEYS'),
  SOLEDAD_NEW_DATA_TO_SYNC: event<Anything>('SOLEDAD_NEW_DATA_TO_SYNC'),
  SOLEDAD_DONE_DATA_SYNC: event<UserData>('SOLEDAD_DONE_DATA_SYNC'),
  SOLEDAD_SYNC_SEND_STATUS: event<UserData>('SOLEDAD_SYNC_SEND_STATUS'),
  SOLEDAD_SYNC_RECEIVE_STATUS: event<UserData>('SOLEDAD_SYNC_RECEIVE_STATUS'),
  SOLEDAD_INVALID_AUTH_TOKEN: event<UserData>('SOLEDAD_INVALID_AUTH_TOKEN'),

  MAIL_FETCHED_INCOMING: event<User>('MAIL_FETCHED_INCOMING'),
  MAIL_MSG_PROCESSING: event<User>('MAIL_MSG_PROCESSING'),
  MAIL_MSG_DECRYPTED: event<User>('MAIL_MSG_DECRYPTED'),
  MAIL_MSG_SAVED_LOCALLY: event<User>('MAIL_MSG_SAVED_LOCALLY'),
  MAIL_MSG_DELETED_INCOMING: event<User>('MAIL_MSG_DELETED_INCOMING'),
  MAIL_UNREAD_MESSAGES: event<readonly [userid: string, number: number]>('MAIL_UNREAD_MESSAGES'),
  MAIL_STATUS_CHANGED: event<Address>('MAIL_STATUS_CHANGED'),

  IMAP_SERVICE_STARTED: event<Anything>('IMAP_SERVICE_STARTED'),
  IMAP_SERVICE_FAILED_TO_START: event<Anything>('IMAP_SERVICE_FAILED_TO_START'),
  IMAP_UNHANDLED_ERROR: event<Anything>('IMAP_UNHANDLED_ERROR'),
  IMAP_CLIENT_LOGIN: event<readonly [username: string]>('IMAP_CLIENT_LOGIN'),

  SMTP_SERVICE_STARTED: event<Anything>('SMTP_SERVICE_STARTED'),
  SMTP_SERVICE_FAILED_TO_START: event<Anything>('SMTP_SERVICE_FAILED_TO_START'),
  SMTP_START_ENCRYPT_AND_SIGN: event<Sender>('SMTP_START_ENCRYPT_AND_SIGN'),
  SMTP_END_ENCRYPT_AND_SIGN: event<Sender>('SMTP_END_ENCRYPT_AND_SIGN'),
  SMTP_START_SIGN: event<Sender>('SMTP_START_SIGN'),
  SMTP_END_SIGN: event<Sender>('SMTP_END_SIGN'),
  SMTP_SEND_MESSAGE_START: event<Sender>('SMTP_SEND_MESSAGE_START'),
  SMTP_SEND_MESSAGE_SUCCESS: event<Sender>('SMTP_SEND_MESSAGE_SUCCESS'),
  SMTP_RECIPIENT_ACCEPTED_ENCRYPTED: event<Delivery>('SMTP_RECIPIENT_ACCEPTED_ENCRYPTED'),
  SMTP_RECIPIENT_ACCEPTED_UNENCRYPTED: event<Delivery>('SMTP_RECIPIENT_ACCEPTED_UNENCRYPTED'),
  SMTP_RECIPIENT_REJECTED: event<Delivery>('SMTP_RECIPIENT_REJECTED'),
  SMTP_CONNECTION_LOST: event<Delivery>('SMTP_CONNECTION_LOST'),
  SMTP_SEND_MESSAGE_ERROR: event<Delivery>('SMTP_SEND_MESSAGE_ERROR'),

  BONAFIDE_AUTH_DONE: event<readonly [uuid: string, userid: string]>('BONAFIDE_AUTH_DONE'),
  VPN_STATUS_CHANGED: event<Anything>('VPN_STATUS_CHANGED'),
});
